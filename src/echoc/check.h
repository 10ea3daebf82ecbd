#ifndef X_check
#define X_check
#include "echoc/options.h"
#include "echoc/status.h"
enum status check_run(const struct options *options);
#endif
