// TensorFlow sessions with a configuration: several devices, several machines, runs with a deadline off the JavaScript
// thread. What tfjs-node's addon cannot say; protocol messages come encoded from src/runtime/engine.ts.

#include <node_api.h>

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/c/c_api.h"

namespace {

// What JavaScript sees as an Error with `code`: TensorFlow's number of it, or why a call makes no sense.
struct Problem {
  std::string code, message;
};

struct Status {
  TF_Status* raw = TF_NewStatus();
  ~Status() { TF_DeleteStatus(raw); }
  bool ok() const { return TF_GetCode(raw) == TF_OK; }
  Problem problem() const { return {std::to_string(TF_GetCode(raw)), TF_Message(raw)}; }
  void check() const {
    if (!ok()) throw problem();
  }
};

void need(napi_status status) {
  if (status != napi_ok) throw Problem{"EARGUMENT", "an argument is not what it should be"};
}

napi_value errorOf(napi_env env, const Problem& problem) {
  napi_value code, message, error;
  napi_create_string_utf8(env, problem.code.c_str(), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, problem.message.c_str(), NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, code, message, &error);
  return error;
}

// A function of JavaScript: what it throws in C++ is thrown there.
template <size_t count, napi_value (*body)(napi_env, napi_value*)>
napi_value Function(napi_env env, napi_callback_info info) {
  napi_value args[count];
  size_t given = count;
  try {
    need(napi_get_cb_info(env, info, &given, args, nullptr, nullptr));
    if (given < count) throw Problem{"EARGUMENT", "an argument is missing"};
    return body(env, args);
  } catch (const Problem& problem) {
    napi_throw(env, errorOf(env, problem));
    return nullptr;
  }
}

std::string textOf(napi_env env, napi_value value) {
  size_t length = 0;
  need(napi_get_value_string_utf8(env, value, nullptr, 0, &length));
  std::string text(length, 0);
  need(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

struct Bytes {
  void* data = nullptr;
  size_t size = 0;
};

// Of a Float32Array, an Int32Array or a Uint8Array.
Bytes bytesOf(napi_env env, napi_value value) {
  napi_typedarray_type type;
  size_t length, offset;
  napi_value buffer;
  Bytes bytes;
  need(napi_get_typedarray_info(env, value, &type, &length, &bytes.data, &buffer, &offset));
  bytes.size = length * (type == napi_float32_array || type == napi_int32_array ? 4 : 1);
  return bytes;
}

std::vector<napi_value> listOf(napi_env env, napi_value value) {
  uint32_t length = 0;
  need(napi_get_array_length(env, value, &length));
  std::vector<napi_value> items(length);
  for (uint32_t i = 0; i < length; ++i) need(napi_get_element(env, value, i, &items[i]));
  return items;
}

struct Session {
  TF_Session* session = nullptr;
  TF_Graph* graph = TF_NewGraph();
  // Its end would wait for other processes, ten seconds for one that stands still: it ends with this one.
  bool isJoined = false;
  ~Session() {
    if (isJoined) return;
    Status status;
    if (session != nullptr) {
      TF_CloseSession(session, status.raw);
      TF_DeleteSession(session, status.raw);
    }
    TF_DeleteGraph(graph);
  }
};

// A run under way holds the session, too: who closes it meanwhile does not take it away.
using Shared = std::shared_ptr<Session>;

Shared& sessionOf(napi_env env, napi_value value) {
  void* held = nullptr;
  need(napi_get_value_external(env, value, &held));
  Shared& session = *static_cast<Shared*>(held);
  if (session == nullptr) throw Problem{"ECLOSED", "the session is closed"};
  return session;
}

// (ServerDef) → target. The server lives as long as the process: TensorFlow cannot stop it.
napi_value Serve(napi_env env, napi_value* args) {
  const Bytes definition = bytesOf(env, args[0]);
  Status status;
  TF_Server* server = TF_NewServer(definition.data, definition.size, status.raw);
  status.check();
  TF_ServerStart(server, status.raw);
  status.check();
  napi_value target;
  need(napi_create_string_utf8(env, TF_ServerTarget(server), NAPI_AUTO_LENGTH, &target));
  return target;
}

// Ends this process with a code, and waits for nothing: not for threads that hang on a process which is gone.
napi_value Leave(napi_env env, napi_value* args) {
  int32_t code;
  need(napi_get_value_int32(env, args[0], &code));
  _exit(code);
}

// What goes on on a thread of its own: JavaScript hears signals and timers meanwhile. A promise of `answer`.
struct Task {
  napi_deferred deferred;
  napi_async_work work;
  virtual ~Task() = default;
  virtual void go() = 0;
  virtual napi_value answer(napi_env env) = 0;
};

void Work(napi_env, void* data) { static_cast<Task*>(data)->go(); }

void Done(napi_env env, napi_status, void* data) {
  std::unique_ptr<Task> task(static_cast<Task*>(data));
  try {
    napi_resolve_deferred(env, task->deferred, task->answer(env));
  } catch (const Problem& problem) {
    napi_reject_deferred(env, task->deferred, errorOf(env, problem));
  }
  napi_delete_async_work(env, task->work);
}

napi_value started(napi_env env, std::unique_ptr<Task> task) {
  napi_value promise, name;
  need(napi_create_promise(env, &task->deferred, &promise));
  need(napi_create_string_utf8(env, "pspc_engine", NAPI_AUTO_LENGTH, &name));
  need(napi_create_async_work(env, nullptr, name, Work, Done, task.get(), &task->work));
  need(napi_queue_async_work(env, task->work));
  task.release();
  return promise;
}

struct Opening : Task {
  std::string folder, target, config;
  Shared opened = std::make_shared<Session>();
  Status status;

  void go() override {
    std::unique_ptr<TF_SessionOptions, decltype(&TF_DeleteSessionOptions)> options(
        TF_NewSessionOptions(), TF_DeleteSessionOptions);
    if (!target.empty()) TF_SetTarget(options.get(), target.c_str());
    TF_SetConfig(options.get(), config.data(), config.size(), status.raw);
    if (!status.ok()) return;
    const char* tags[] = {"serve"};
    opened->isJoined = !target.empty();
    opened->session = TF_LoadSessionFromSavedModel(options.get(), nullptr, folder.c_str(), tags, 1,
                                                   opened->graph, nullptr, status.raw);
  }

  napi_value answer(napi_env env) override {
    status.check();
    napi_value session;
    need(napi_create_external(
        env, new Shared(std::move(opened)),
        [](napi_env, void* held, void*) { delete static_cast<Shared*>(held); }, nullptr, &session));
    return session;
  }
};

// (folder of a SavedModel, target or "", ConfigProto) → a promise of a session, which waits for all whom it joins
napi_value Open(napi_env env, napi_value* args) {
  auto opening = std::make_unique<Opening>();
  opening->folder = textOf(env, args[0]);
  opening->target = textOf(env, args[1]);
  const Bytes config = bytesOf(env, args[2]);
  opening->config.assign(static_cast<char*>(config.data), config.size);
  return started(env, std::move(opening));
}

napi_value numbersOf(napi_env env, const TF_Tensor* tensor) {
  const size_t size = TF_TensorByteSize(tensor);
  void* to = nullptr;
  napi_value buffer, array;
  need(napi_create_arraybuffer(env, size, &to, &buffer));
  std::memcpy(to, TF_TensorData(tensor), size);
  const bool isFloat = TF_TensorType(tensor) == TF_FLOAT;
  need(napi_create_typedarray(env, isFloat ? napi_float32_array : napi_int32_array, size / 4, buffer, 0,
                              &array));
  return array;
}

struct Run : Task {
  Shared on;
  std::string options;
  std::vector<TF_Output> inputs, outputs;
  std::vector<TF_Tensor*> given, got;
  Status status;

  ~Run() override {
    for (TF_Tensor* tensor : given) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : got)
      if (tensor != nullptr) TF_DeleteTensor(tensor);
  }

  void go() override {
    TF_Buffer* buffer = TF_NewBufferFromString(options.data(), options.size());
    TF_SessionRun(on->session, buffer, inputs.data(), given.data(), inputs.size(), outputs.data(),
                  got.data(), outputs.size(), nullptr, 0, nullptr, status.raw);
    TF_DeleteBuffer(buffer);
  }

  napi_value answer(napi_env env) override {
    status.check();
    napi_value all;
    need(napi_create_array_with_length(env, got.size(), &all));
    for (size_t i = 0; i < got.size(); ++i)
      need(napi_set_element(env, all, i, numbersOf(env, got[i])));
    return all;
  }
};

// `name:0` of one output of an operation.
TF_Output outputOf(TF_Graph* graph, const std::string& name) {
  const size_t colon = name.rfind(':');
  TF_Output output{TF_GraphOperationByName(graph, name.substr(0, colon).c_str()),
                   std::atoi(name.c_str() + colon + 1)};
  if (output.oper == nullptr) throw Problem{"ENAME", "the graph has no " + name};
  return output;
}

TF_Tensor* tensorOf(napi_env env, TF_DataType type, napi_value sizes, napi_value values) {
  std::vector<int64_t> shape;
  for (napi_value size : listOf(env, sizes)) need(napi_get_value_int64(env, size, &shape.emplace_back()));
  size_t expected = TF_DataTypeSize(type);
  for (int64_t size : shape) expected *= size;
  const Bytes bytes = bytesOf(env, values);
  if (bytes.size != expected) throw Problem{"ESIZE", "a tensor has other numbers than its shape says"};
  TF_Tensor* tensor = TF_AllocateTensor(type, shape.data(), shape.size(), bytes.size);
  std::memcpy(TF_TensorData(tensor), bytes.data, bytes.size);
  return tensor;
}

// (session, [[name, shape, numbers]…], [name…], RunOptions) → a promise of the numbers of each output
napi_value Start(napi_env env, napi_value* args) {
  auto run = std::make_unique<Run>();
  run->on = sessionOf(env, args[0]);
  for (napi_value each : listOf(env, args[1])) {
    const auto parts = listOf(env, each);
    if (parts.size() != 3) throw Problem{"EARGUMENT", "an input is a name, a shape and numbers"};
    const TF_Output input = outputOf(run->on->graph, textOf(env, parts[0]));
    run->given.push_back(tensorOf(env, TF_OperationOutputType(input), parts[1], parts[2]));
    run->inputs.push_back(input);
  }
  for (napi_value name : listOf(env, args[2]))
    run->outputs.push_back(outputOf(run->on->graph, textOf(env, name)));
  run->got.resize(run->outputs.size());
  const Bytes options = bytesOf(env, args[3]);
  run->options.assign(static_cast<char*>(options.data), options.size);
  return started(env, std::move(run));
}

// (session): no run of it starts any more.
napi_value Close(napi_env env, napi_value* args) {
  sessionOf(env, args[0]).reset();
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  const auto method = [](const char* name, napi_callback call) {
    return napi_property_descriptor{name,    nullptr, call,    nullptr,
                                    nullptr, nullptr, napi_enumerable, nullptr};
  };
  const napi_property_descriptor all[] = {
      method("serve", Function<1, Serve>), method("open", Function<3, Open>),
      method("run", Function<4, Start>), method("close", Function<1, Close>),
      method("leave", Function<1, Leave>)};
  napi_define_properties(env, exports, 5, all);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
