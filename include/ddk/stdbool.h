/* SPDX-License-Identifier: GPL-2.0-only */
/* For Windows-style source files that include <stdbool.h>. BOOLEAN is another type. */
#ifndef DDK_STDBOOL_H
#define DDK_STDBOOL_H

#ifndef __cplusplus
#define bool	_Bool
#define true	1
#define false	0
#endif
#define __bool_true_false_are_defined 1

#endif /* DDK_STDBOOL_H */
