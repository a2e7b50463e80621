{
  "targets": [{
    "target_name": "<(module_name)",
    "product_dir": "<(module_path)",
    "sources": ["engine.cc"],
    "include_dirs": ["<(tensorflow)/include"],
    "cflags_cc!": ["-fno-exceptions"],
    "cflags_cc": ["-std=c++17", "-fexceptions", "-Wall", "-Wextra"],
    "libraries": ["-L<(tensorflow)/lib", "-ltensorflow", "-ltensorflow_framework"],
    "ldflags": ["-Wl,-rpath,'$$ORIGIN/../../deps/lib'"],
    "defines": ["NAPI_VERSION=<(napi_build_version)"]
  }]
}
