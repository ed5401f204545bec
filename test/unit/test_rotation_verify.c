/* SPDX-License-Identifier: Apache-2.0 */
#include "rotation_parts.h"
int main(void){return 0;}
