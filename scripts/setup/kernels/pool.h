// Threads of our own: TensorFlow's cannot be asked for help through its C interface.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace pspc {

// As many as TensorFlow takes for one operation.
inline int threads() {
  const char* asked = std::getenv("TF_NUM_INTRAOP_THREADS");
  const int wanted = asked == nullptr ? 0 : std::atoi(asked);
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Work in equal parts. Whoever brings it takes part.
class Pool {
 public:
  Pool() {
    try {
      for (int i = 1; i < threads(); ++i) std::thread([this] { serve(); }).detach();
    } catch (const std::system_error&) {
      // A limit on threads: those that there are do the work.
    }
  }

  template <class Body>
  void parallel(int parts, const Body& body) {
    auto work = std::make_shared<Work>();
    work->parts = parts;
    work->body = [](const void* given, int part) { (*static_cast<const Body*>(given))(part); };
    work->given = &body;
    if (parts > 1) {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back(work);
      wake_.notify_all();
    }
    work->run();
    // Others may be in the midst of a part.
    while (work->done.load(std::memory_order_acquire) < parts) std::this_thread::yield();
  }

 private:
  struct Work {
    int parts;
    void (*body)(const void*, int);
    const void* given;
    std::atomic<int> next{0}, done{0};

    void run() {
      for (int part; (part = next.fetch_add(1)) < parts; done.fetch_add(1, std::memory_order_release)) body(given, part);
    }
    bool isTaken() const { return next.load() >= parts; }
  };

  [[noreturn]] void serve() {
    for (;;) {
      std::shared_ptr<Work> work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [this] {
          while (!waiting_.empty() && waiting_.front()->isTaken()) waiting_.pop_front();
          return !waiting_.empty();
        });
        work = waiting_.front();
      }
      work->run();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Work>> waiting_;
};

inline Pool& pool() {
  // Never destroyed: its threads live as long as the process.
  static Pool& only = *new Pool();
  return only;
}

// Runs body(from, until) over parts of [0, all), each a multiple of `step` but the last.
template <class Body>
void inParts(int all, int step, const Body& body) {
  const int steps = (all + step - 1) / step;
  pool().parallel(steps, [&](int part) { body(part * step, std::min(all, (part + 1) * step)); });
}

}  // namespace pspc
