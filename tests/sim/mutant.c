/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/mutant.h"

unsigned dht_mutant;
