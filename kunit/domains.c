// SPDX-License-Identifier: GPL-2.0-only
/* See domains.h. */
#include "domains.h"
#include "helpers.h"

HANDLE domain_of(struct wdmdma_fixture *fixture)
{
	return fixture->ops->GetDmaDomain(fixture->adapter);
}

NTSTATUS domain_join(struct wdmdma_fixture *fixture, HANDLE domain)
{
	return fixture->ops->JoinDmaDomain(fixture->adapter, domain);
}

NTSTATUS domain_leave(struct wdmdma_fixture *fixture)
{
	return fixture->ops->LeaveDmaDomain(fixture->adapter);
}

NTSTATUS domain_alloc(struct wdmdma_fixture *fixture, HANDLE domain, PHYSICAL_ADDRESS *la,
		      PVOID *va)
{
	return fixture->ops->AllocateDomainCommonBuffer(fixture->adapter, domain, NULL,
							DOMAIN_LENGTH, 0, NULL, MM_ANY_NODE_OK, la,
							va);
}

void domain_free(struct wdmdma_fixture *fixture, PHYSICAL_ADDRESS la, PVOID va)
{
	fixture->ops->FreeCommonBuffer(fixture->adapter, DOMAIN_LENGTH, la, va, FALSE);
}

void domain_put(struct wdmdma_fixture *fixture)
{
	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
}

/* Make three devices with one adapter each in test->priv. */
int domain_init(struct kunit *test)
{
	struct actors *actors = kunit_kzalloc(test, sizeof(*actors), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, actors);
	for (i = 0; i < ACTORS; i++) {
		actors->fixture[i] = wdmdma_test_fixture(test);
		actors->home[i] = domain_of(actors->fixture[i]);
		KUNIT_ASSERT_NOT_NULL(test, actors->home[i]);
	}
	test->priv = actors;
	return 0;
}
