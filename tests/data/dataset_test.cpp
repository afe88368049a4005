#include "data/dataset.h"
#include "support/support.h"
