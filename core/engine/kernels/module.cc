// One library of all operations. Opening it registers them with TensorFlow; to Node it is an addon that exports nothing.
#include "adamw.cc"
#include "attention.cc"
#include "attention_grad.cc"
#include "cross_entropy.cc"
#include "low_rank.cc"
#include "rms_norm.cc"
#include "swiglu.cc"

#include <node_api.h>

extern "C" __attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env, napi_value exports) {
  return exports;
}
