// Threads of this library's own beside the calling one. The engine's pool blocks its caller while it works, and a thread that has to
// be woken up costs more than most of these operations: here the caller begins at once, and others join while something is left.
#pragma once
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace palimpsest {

// One operation's units; whoever is free takes the next.
struct Job {
  std::atomic<int> next{0}, done{0};
  int units;
  const std::function<void(int)>* work;

  void take() {
    for (int unit = next++; unit < units; unit = next++) {
      (*work)(unit);
      done.fetch_add(1, std::memory_order_release);
    }
  }
};

class Helpers {
 public:
  // As many as the engine has threads, but for the calling one; they live as long as the process.
  static Helpers& of(int threads) {
    static auto* helpers = new Helpers(threads - 1);
    return *helpers;
  }

  // Has at most `count` helpers take part in the job, and returns when all of it is done.
  void run(const std::shared_ptr<Job>& job, int count) {
    const int helpers = std::min(count, count_);
    if (helpers > 0) {
      std::lock_guard<std::mutex> lock(mutex_);
      job_ = job;
      wanted_ = helpers;
    }
    for (int i = 0; i < helpers; i++) awake_.notify_one();
    job->take();
    while (job->done.load(std::memory_order_acquire) < job->units) std::this_thread::yield();
  }

 private:
  explicit Helpers(int count) : count_(count) {
    for (int i = 0; i < count; i++) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        awake_.wait(lock, [this] { return wanted_ > 0; });
        wanted_--;
        job = job_;
      }
      job->take();
    }
  }

  const int count_;
  std::mutex mutex_;
  std::condition_variable awake_;
  std::shared_ptr<Job> job_;
  int wanted_ = 0;
};

}  // namespace palimpsest
