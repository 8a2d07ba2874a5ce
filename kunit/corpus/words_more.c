// SPDX-License-Identifier: GPL-2.0-only
/* The second file with the inline functions. The linker must not see them twice. */
#include <wdm.h>

#include "corpus.h"
#include "inline.h"

ULONG CorpusInlineOfAnotherFile(ULONG n)
{
	return InlineAlone(n) + InlineStatic(n) + InlineStaticBehind(n) + InlineForced(n) +
	       InlinePlain(n) + InlineC(n) + InlineC(n + 1) - InlineC(n) - InlineC(n + 1);
}
