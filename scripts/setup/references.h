// Included by force before tfjs-node's own sources. They lend JavaScript's memory to TensorFlow's tensors, and forget it
// when a tensor ends: on whichever thread ends it, though Node-API may be called by JavaScript's thread alone. A variable
// that was assigned such a tensor ends it in the midst of a step, on a thread of TensorFlow's; two at once damage the
// process's memory. Here what another thread forgets waits for JavaScript's, which forgets it before it lends more.

#pragma once

#include <node_api.h>

#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace pspc {

struct References {
  struct Of {
    std::thread::id thread;
    std::vector<napi_ref> waiting;
  };
  std::mutex mutex;
  std::unordered_map<napi_env, Of> all;
};

// Never destroyed: TensorFlow's threads may outlive what ends with a process.
inline References& references() {
  static References& only = *new References();
  return only;
}

// What is still lent goes with its environment.
inline void forgetEnvironment(void* env) {
  References& known = references();
  std::lock_guard<std::mutex> lock(known.mutex);
  known.all.erase(static_cast<napi_env>(env));
}

inline napi_status createReference(napi_env env, napi_value value, uint32_t count, napi_ref* result) {
  References& known = references();
  std::vector<napi_ref> waiting;
  bool isNew = false;
  {
    std::lock_guard<std::mutex> lock(known.mutex);
    isNew = known.all.find(env) == known.all.end();
    References::Of& of = known.all[env];
    of.thread = std::this_thread::get_id();
    waiting.swap(of.waiting);
  }
  if (isNew) napi_add_env_cleanup_hook(env, forgetEnvironment, env);
  for (napi_ref one : waiting) napi_delete_reference(env, one);
  return napi_create_reference(env, value, count, result);
}

inline napi_status deleteReference(napi_env env, napi_ref reference) {
  References& known = references();
  {
    std::lock_guard<std::mutex> lock(known.mutex);
    const auto found = known.all.find(env);
    if (found == known.all.end()) return napi_ok;
    if (found->second.thread != std::this_thread::get_id()) {
      found->second.waiting.push_back(reference);
      return napi_ok;
    }
  }
  return napi_delete_reference(env, reference);
}

}  // namespace pspc

#define napi_create_reference pspc::createReference
#define napi_delete_reference pspc::deleteReference
