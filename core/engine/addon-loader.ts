/** File name of the compiled binding, which the loader opens from its own folder. */
export const BINDING = 'tensorflow_binding.so';

/**
 * C++ of the addon that Node loads. Opening the TensorFlow library writes lines to standard error before any log level can
 * be set; the loader keeps them away (unless TF_CPP_MIN_LOG_LEVEL is 0), opens the binding and hands over to it.
 */
export const LOADER_SOURCE = `
#include <dlfcn.h>
#include <fcntl.h>
#include <node_api.h>
#include <unistd.h>
#include <cstdlib>
#include <string>

static void* open_quietly(const std::string& file) {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  const bool quiet = !(level && std::string(level) == "0");
  const int kept = quiet ? dup(STDERR_FILENO) : -1;
  const int nowhere = kept < 0 ? -1 : open("/dev/null", O_WRONLY);
  if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
  void* library = dlopen(file.c_str(), RTLD_NOW);
  if (nowhere >= 0) {
    dup2(kept, STDERR_FILENO);
    close(nowhere);
  }
  if (kept >= 0) close(kept);
  return library;
}

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  Dl_info self;
  dladdr(reinterpret_cast<void*>(&open_quietly), &self);
  const std::string path = self.dli_fname;
  void* library = open_quietly(path.substr(0, path.rfind('/') + 1) + "${BINDING}");
  void* start = library ? dlsym(library, "napi_register_module_v1") : nullptr;
  if (!start) {
    const char* reason = dlerror();
    napi_throw_error(env, nullptr, reason ? reason : "the binding cannot be opened");
    return nullptr;
  }
  return reinterpret_cast<napi_value (*)(napi_env, napi_value)>(start)(env, exports);
}
`;
