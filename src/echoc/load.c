#include "echoc/load.h"
#include "config.h"
enum status load_run(const struct options *options)
{
    (void)options;
    return STATUS_LOCAL;
}
