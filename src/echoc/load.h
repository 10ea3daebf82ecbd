#ifndef X_load
#define X_load
#include "echoc/options.h"
#include "echoc/status.h"
enum status load_run(const struct options *options);
#endif
