#include "echoc/check.h"
#include "config.h"
enum status check_run(const struct options *options)
{
    (void)options;
    return STATUS_LOCAL;
}
