// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: which devices reach the same memory at the same logical addresses.
 *
 * An IOMMU translates for a device, not for an adapter. So each device is in one
 * domain, and all its adapters with it. It begins in its home, which devices of one
 * IOMMU group have in common, and leaving means going back there.
 *
 * To join a domain is to be attached to the default domain of its leader, a device
 * that is at home there, and to do all DMA with the leader's struct device from then
 * on (wdmdma_adapter_dma()): the kernel's DMA API goes on using the joiner's own
 * default domain, whose addresses mean nothing to the device now.
 *
 * Where nothing translates, a logical address is the physical one in every domain,
 * and joining is bookkeeping: who is a member, and how far the members reach.
 *
 * What makes a join impossible is found out before anything is changed, as far as the
 * kernel can be asked.
 */
#include <linux/dma-map-ops.h>
#include <linux/slab.h>

#include "backend/iommu_group.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "core/domain.h"
#include "core/recycle.h"
#include "core/transfer.h"
#include "lib/handle.h"
#include "objects.h"

DECLARE_RWSEM(wdmdma_domain_lock);

/*
 * Homes that belong to a group. A domain can go while wdmdma_domain_lock is held, so the
 * list has a lock of its own. None is added but under wdmdma_domain_lock, too.
 */
static LIST_HEAD(domain_homes);
static DEFINE_SPINLOCK(domain_homes_lock);

static atomic_long_t domain_last_key;

static struct wdmdma_domain *to_domain(struct wdmdma_handle *handle)
{
	return container_of(handle, struct wdmdma_domain, handle);
}

static void domain_release(struct kref *ref)
{
	struct wdmdma_domain *domain = to_domain(container_of(ref, struct wdmdma_handle, ref));

	wdmdma_handle_retire(&domain->handle);
	spin_lock(&domain_homes_lock);
	list_del(&domain->node);
	spin_unlock(&domain_homes_lock);
	wdmdma_group_put(domain->group);
	kfree_rcu(domain, rcu);
}

/* Drop a reference. May sleep. */
void wdmdma_domain_put(struct wdmdma_domain *domain)
{
	kref_put(&domain->handle.ref, domain_release);
}

/* The home that a group has already, with a reference. */
static struct wdmdma_domain *domain_home_of(const struct iommu_group *group)
{
	struct wdmdma_domain *domain, *found = NULL;

	spin_lock(&domain_homes_lock);
	list_for_each_entry(domain, &domain_homes, node) {
		if (domain->group == group && kref_get_unless_zero(&domain->handle.ref)) {
			found = domain;
			break;
		}
	}
	spin_unlock(&domain_homes_lock);
	return found;
}

/* A new home. It takes over the reference to @group, if there is one. */
static struct wdmdma_domain *domain_new(struct iommu_group *group)
{
	struct wdmdma_domain *domain = kzalloc(sizeof(*domain), WDMDMA_GFP);

	/* So that a group gets one only. */
	lockdep_assert_held_write(&wdmdma_domain_lock);
	if (!domain)
		return NULL;
	domain->group = group;
	INIT_LIST_HEAD(&domain->node);
	INIT_LIST_HEAD(&domain->devices);
	if (group) {
		spin_lock(&domain_homes_lock);
		list_add(&domain->node, &domain_homes);
		spin_unlock(&domain_homes_lock);
	}
	/* A multiple of 4, as Windows has them. */
	wdmdma_handle_publish(&domain->handle, WDMDMA_HANDLE_DOMAIN,
			      (void *)(4 * atomic_long_inc_return(&domain_last_key)));
	return domain;
}

/* How many devices have joined that have their home elsewhere. */
static unsigned int domain_guests(const struct wdmdma_domain *domain)
{
	const struct wdmdma_device *device;
	unsigned int guests = 0;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member)
		guests += device->home != domain;
	return guests;
}

/* Is the device in the domain of its home, as far as the IOMMU is concerned? */
bool wdmdma_domain_is_own(struct wdmdma_device *device)
{
	return wdmdma_group_domain(device) == device->home->own;
}

/*
 * Take a device into its home, if it is there in fact. The kernel keeps a group's default
 * domain as long as a driver is bound to a device of it, and may have replaced it before.
 */
static int domain_admit(struct wdmdma_domain *home, struct wdmdma_device *device)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	device->home = home;
	if (!home->bound && !home->astray)
		home->own = wdmdma_group_domain(device);
	if (!wdmdma_domain_is_own(device))
		return -EBUSY;
	if (home->astray)
		wdmdma_domain_put(home);
	home->astray = false;
	home->bound++;
	device->domain = home;
	device->dma = device;
	list_add_tail(&device->member, &home->devices);
	return 0;
}

/*
 * Put a new device into its home. Return: 0; -ENOMEM; -EBUSY where the IOMMU has its group
 * in another domain, in which the addresses of the DMA API mean nothing. May sleep.
 */
int wdmdma_domain_enter_home(struct wdmdma_device *device)
{
	struct iommu_group *group = wdmdma_group_get(device);
	struct wdmdma_domain *home;
	int ret = -ENOMEM;

	down_write(&wdmdma_domain_lock);
	home = domain_home_of(group);
	if (!home) {
		home = domain_new(group);
		if (home)
			group = NULL;
	}
	if (home)
		ret = domain_admit(home, device);
	up_write(&wdmdma_domain_lock);
	if (home && ret)
		wdmdma_domain_put(home);
	wdmdma_group_put(group);
	return ret;
}

/* The device's driver is unbound. Returns how many guests stay in its home. */
unsigned int wdmdma_domain_leave_home(struct wdmdma_device *device)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	list_del_init(&device->member);
	device->home->bound--;
	return domain_guests(device->home);
}

/*
 * The IOMMU has not taken a device back into its own domain, and what it is in instead is
 * not known. So nothing is given to it any more. The home remembers that beyond the
 * device's record.
 */
void wdmdma_domain_stray(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&device->sem);
	WRITE_ONCE(device->astray, true);
	WRITE_ONCE(device->dead, true);
	list_for_each_entry(adapter, &device->adapters, node)
		wdmdma_sg_list_close(adapter);
	if (!device->home->astray)
		kref_get(&device->home->handle.ref);
	device->home->astray = true;
	dev_err(device->dev,
		"the IOMMU has not taken the device back into its own domain: it gets no memory and no transfers until its driver is bound anew\n");
}

/* Let a device that has no buffers leave the domain that it joined, if it did. */
void wdmdma_domain_go_home(struct wdmdma_device *device)
{
	struct wdmdma_domain *left = device->domain;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&device->sem);
	if (left == device->home)
		return;
	if (device->dma != device && !wdmdma_group_detach(device))
		wdmdma_domain_stray(device);
	device->dma = device;
	device->domain = device->home;
	list_move_tail(&device->member, &device->home->devices);
	wdmdma_domain_put(left);
}

/* The domain with this handle, dead or alive, with a reference; or NULL. */
static struct wdmdma_domain *domain_find(const void *key)
{
	struct wdmdma_handle *handle = wdmdma_handle_find(WDMDMA_HANDLE_DOMAIN, key);

	return handle ? to_domain(handle) : NULL;
}

/* Is there an adapter in the domain? */
static bool domain_is_live(struct wdmdma_domain *domain)
{
	struct wdmdma_device *device;
	bool live = false;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		down_read(&device->sem);
		live |= !list_empty(&device->adapters);
		up_read(&device->sem);
	}
	return live;
}

/* The highest address that all adapters of a device reach. */
static u64 domain_reach_of(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;
	u64 reach = U64_MAX;

	lockdep_assert_held(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node)
		reach = min(reach, adapter->reach.last);
	return reach;
}

/* The highest address that all members reach. */
static u64 domain_ceiling(struct wdmdma_domain *domain)
{
	struct wdmdma_device *device;
	u64 ceiling = U64_MAX;

	lockdep_assert_held(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		down_read(&device->sem);
		ceiling = min(ceiling, domain_reach_of(device));
		up_read(&device->sem);
	}
	return ceiling;
}

/* The last byte of an adapter's domain buffers; 0 if it has none. */
static u64 domain_highest_of(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer;
	u64 highest = 0;

	spin_lock(&adapter->buffers.lock);
	list_for_each_entry(buffer, &adapter->buffers.records, node)
		if (buffer->shared)
			highest = max_t(u64, highest, buffer->dma + buffer->size - 1);
	spin_unlock(&adapter->buffers.lock);
	return highest;
}

/* The same for all members. */
static u64 domain_highest(struct wdmdma_domain *domain)
{
	struct wdmdma_adapter *adapter;
	struct wdmdma_device *device;
	u64 highest = 0;

	/* So that none is added. */
	lockdep_assert_held_write(&wdmdma_domain_lock);
	list_for_each_entry(device, &domain->devices, member) {
		down_read(&device->sem);
		list_for_each_entry(adapter, &device->adapters, node)
			highest = max(highest, domain_highest_of(adapter));
		up_read(&device->sem);
	}
	return highest;
}

/*
 * Does an adapter of the device have buffers? What it keeps it gives back, and keeps no
 * more until domain_settle().
 */
static bool domain_has_buffers(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	if (device->backend->forget)
		device->backend->forget(device);
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_buffer_free_deferred(adapter);
		wdmdma_recycle_close(adapter);
		if (!list_empty(&adapter->buffers.records))
			return true;
	}
	return false;
}

/* No transfer starts until domain_settle(). False if there are any. */
static bool domain_hold_transfers(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node)
		if (!wdmdma_transfers_hold(adapter))
			return false;
	return true;
}

/*
 * The device is where it is: its adapters may start transfers, and keep buffers if it is
 * at home.
 */
static void domain_settle(struct wdmdma_device *device)
{
	struct wdmdma_adapter *adapter;

	lockdep_assert_held_write(&device->sem);
	list_for_each_entry(adapter, &device->adapters, node) {
		wdmdma_transfers_release(adapter);
		wdmdma_recycle_open(adapter);
	}
}

/* Is memory of one device memory of the other, at the same addresses? */
static int domain_check_pair(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			     const char **why)
{
	bool translated = joiner->home->group;

	if (joiner->backend != leader->backend)
		*why = "the two devices get their memory in different ways";
	else if (!joiner->backend->shares)
		*why = "a device that has addresses of its own choice shares no domain";
	else if (dev_is_dma_coherent(joiner->dev) != dev_is_dma_coherent(leader->dev))
		*why = "one of the two devices is cache coherent, the other is not";
	else if (!translated && (joiner->dev->dma_range_map || leader->dev->dma_range_map))
		*why = "one of the two devices sees memory at an offset";
	if (*why)
		return -EOPNOTSUPP;
	return wdmdma_group_check_trust(joiner, leader, why) ?:
	       (translated ? wdmdma_group_check_join(joiner, leader, why) : 0);
}

/* Is the joiner free to go? If so it starts no transfer until domain_settle(). */
static int domain_check_joiner(struct wdmdma_device *joiner, u64 highest, const char **why)
{
	lockdep_assert_held_write(&wdmdma_domain_lock);
	lockdep_assert_held_write(&joiner->sem);
	if (joiner->domain != joiner->home)
		*why = "the device is in another domain already: leave that first";
	else if (domain_guests(joiner->home))
		*why = "other devices have joined the device's own domain";
	else if (domain_has_buffers(joiner) || !domain_hold_transfers(joiner))
		*why = "the device has buffers or transfers, whose addresses would be void";
	if (*why)
		return -EBUSY;
	if (highest > domain_reach_of(joiner)) {
		*why = "a buffer of the domain is beyond the adapter's reach";
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Let the IOMMU change the joiner's domain. What has been begun is undone on failure. */
static int domain_attach(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			 const char **why)
{
	bool was_own = wdmdma_domain_is_own(joiner);
	int ret = wdmdma_group_attach(joiner, leader, why);

	if (ret && was_own && !wdmdma_domain_is_own(joiner))
		wdmdma_domain_stray(joiner);
	return ret;
}

/* All that a join is, once its arguments are found. */
static int domain_join(struct wdmdma_device *joiner, struct wdmdma_domain *domain,
		       const char **why)
{
	struct wdmdma_device *leader;
	u64 highest;
	int ret;

	lockdep_assert_held_write(&wdmdma_domain_lock);
	if (joiner->dead) {
		*why = wdmdma_dead_why(joiner);
		return -ESHUTDOWN;
	}
	if (!domain || !domain_is_live(domain)) {
		*why = "DomainHandle is no domain that an adapter is in";
		return -EBADF;
	}
	if (joiner->domain == domain)
		return 0;
	leader = list_first_entry(&domain->devices, struct wdmdma_device, member)->dma;
	highest = domain_highest(domain);

	down_write(&joiner->sem);
	ret = domain_check_joiner(joiner, highest, why) ?: domain_check_pair(joiner, leader, why);
	if (!ret && joiner->home->group)
		ret = domain_attach(joiner, leader, why);
	if (!ret) {
		if (joiner->home->group)
			joiner->dma = leader;
		/* It outlives those whose home it is, where nothing makes them stay. */
		kref_get(&domain->handle.ref);
		joiner->domain = domain;
		list_move_tail(&joiner->member, &domain->devices);
	}
	domain_settle(joiner);
	up_write(&joiner->sem);
	return ret;
}

/**
 * wdmdma_domain_join() - put an adapter's device into another domain
 * @adapter: the adapter; all adapters of its device go with it
 * @call: the Windows call, for messages
 * @key: handle of the domain
 *
 * Context: may sleep.
 * Return: 0, also if it is in that domain; -EBADF if there is no such domain; -EBUSY
 * for a device that cannot go now; -EOPNOTSUPP for one that never can; -ESHUTDOWN after
 * unbind; -ENOMEM. A failure has been reported, and has changed nothing.
 */
int wdmdma_domain_join(struct wdmdma_adapter *adapter, const char *call, const void *key)
{
	struct wdmdma_domain *domain = domain_find(key);
	const char *why = NULL;
	int ret;

	down_write(&wdmdma_domain_lock);
	ret = domain_join(adapter->device, domain, &why);
	up_write(&wdmdma_domain_lock);
	if (ret)
		wdmdma_refuse(adapter->device, call, "%s", why ?: "out of memory");
	if (domain)
		wdmdma_domain_put(domain);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_join);

/**
 * wdmdma_domain_leave() - put an adapter's device back into its home
 * @adapter: the adapter; all adapters of its device go with it
 * @call: the Windows call, for messages
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if it has not joined another domain, or has buffers; -ESHUTDOWN
 * after unbind, and where the IOMMU does not take the device back, which is then dead;
 * -ENOMEM. A failure has been reported, and any other one has changed nothing.
 */
int wdmdma_domain_leave(struct wdmdma_adapter *adapter, const char *call)
{
	struct wdmdma_device *device = adapter->device;
	const char *why = NULL;
	int ret = -EBUSY;

	down_write(&wdmdma_domain_lock);
	down_write(&device->sem);
	if (device->dead) {
		why = wdmdma_dead_why(device);
		ret = -ESHUTDOWN;
	} else if (device->domain == device->home) {
		why = "the adapter has not joined a domain";
	} else if (domain_has_buffers(device) || !domain_hold_transfers(device)) {
		why = "the device has buffers or transfers: free them first";
	} else {
		ret = wdmdma_group_check_msi(device, &why);
	}
	if (!ret)
		wdmdma_domain_go_home(device);
	if (!ret && device->astray) {
		why = wdmdma_dead_why(device);
		ret = -ESHUTDOWN;
	}
	domain_settle(device);
	up_write(&device->sem);
	up_write(&wdmdma_domain_lock);
	if (ret)
		wdmdma_refuse(device, call, "%s", why ?: "out of memory");
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_leave);

/* Handle of the domain that the adapter is in; NULL after unbind. May sleep. */
const void *wdmdma_domain_of(struct wdmdma_adapter *adapter)
{
	struct wdmdma_device *device = adapter->device;
	const void *key;

	down_read(&device->sem);
	key = device->dead ? NULL : device->domain->handle.key;
	up_read(&device->sem);
	return key;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_of);

/* Narrow a request to what all members reach. */
static int domain_clip(struct wdmdma_device *device, struct wdmdma_domain *domain,
		       struct wdmdma_request *request)
{
	lockdep_assert_held(&wdmdma_domain_lock);
	if (device->dead) {
		request->why = wdmdma_dead_why(device);
		return -ESHUTDOWN;
	}
	if (!domain || !domain_is_live(domain)) {
		request->why = "DomainHandle is no domain that an adapter is in";
		return -EBADF;
	}
	if (device->domain != domain) {
		request->why = "the adapter is not in that domain";
		return -EINVAL;
	}
	request->window.last = min(request->window.last, domain_ceiling(domain));
	return 0;
}

/**
 * wdmdma_domain_alloc() - allocate a common buffer for all of a domain
 * @adapter: the adapter that it will belong to
 * @key: handle of the domain, which the adapter must be in
 * @request: what was asked for; @window is narrowed to what all members reach
 * @cpu: receives the address for the CPU
 * @dma: receives the logical address, for every member
 *
 * Context: may sleep.
 * Return: 0; -EBADF if there is no such domain; -EINVAL if the adapter is not in it; an
 * errno of wdmdma_buffer_alloc(). A failure has been reported.
 */
int wdmdma_domain_alloc(struct wdmdma_adapter *adapter, const void *key,
			struct wdmdma_request *request, void **cpu, dma_addr_t *dma)
{
	struct wdmdma_domain *domain = domain_find(key);
	int ret;

	request->shared = true;
	/* Nobody may join who does not reach the buffer that is on its way. */
	down_read(&wdmdma_domain_lock);
	ret = domain_clip(adapter->device, domain, request);
	if (ret)
		wdmdma_refuse(adapter->device, request->call, "%s", request->why);
	else
		ret = wdmdma_buffer_alloc(adapter, request, cpu, dma);
	up_read(&wdmdma_domain_lock);
	if (domain)
		wdmdma_domain_put(domain);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_domain_alloc);
