/* SPDX-License-Identifier: GPL-2.0-only */
/* Collections of objects. */
#ifndef DDK_WDFCOLLECTION_H
#define DDK_WDFCOLLECTION_H

#include "wdfobject.h"

WDMDMA_HEADER_BEGIN

NTSTATUS WdfCollectionCreate(PWDF_OBJECT_ATTRIBUTES collection_attributes,
			     WDFCOLLECTION *collection);
NTSTATUS WdfCollectionAdd(WDFCOLLECTION collection, WDFOBJECT object);
ULONG WdfCollectionGetCount(WDFCOLLECTION collection);
WDFOBJECT WdfCollectionGetItem(WDFCOLLECTION collection, ULONG index);
WDFOBJECT WdfCollectionGetFirstItem(WDFCOLLECTION collection);
WDFOBJECT WdfCollectionGetLastItem(WDFCOLLECTION collection);
VOID WdfCollectionRemove(WDFCOLLECTION collection, WDFOBJECT item);
VOID WdfCollectionRemoveItem(WDFCOLLECTION collection, ULONG index);

WDMDMA_HEADER_END

#endif /* DDK_WDFCOLLECTION_H */
