// SPDX-License-Identifier: GPL-2.0-only
/* The second file with the inline functions. The linker must not see them twice. */
#include <limits.h>
#include <stdbool.h>
#include <wdm.h>

#include "corpus.h"
#include "inline.h"

C_ASSERT(ULONG_MAX == MAXULONG && LONG_MAX == MAXLONG && LLONG_MIN == MINLONGLONG);
C_ASSERT(sizeof(bool) == 1 && true && !false);

ULONG CorpusInlineOfAnotherFile(ULONG n)
{
	return InlineAlone(n) + InlineStatic(n) + InlineStaticBehind(n) + InlineForced(n) +
	       InlinePlain(n) + InlineC(n) + InlineC(n + 1) - InlineC(n) - InlineC(n + 1);
}
