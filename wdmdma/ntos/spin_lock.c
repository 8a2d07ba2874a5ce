// SPDX-License-Identifier: GPL-2.0-only
/*
 * Spin locks. KSPIN_LOCK is one pointer wide and has no destructor. A spinlock_t has 64 bytes
 * with lockdep, so the lock is a word of this file, in every configuration.
 *
 * The word is 0 if the lock is free. Otherwise it has the address of the owner's task_struct, whose
 * low bits are 0, plus NT_SPIN_MARK, plus NT_SPIN_RAISED if the acquire had to raise the level.
 * Locks are taken at DISPATCH_LEVEL, where a task cannot be interrupted by a bottom half. It can be
 * by a hard interrupt, whose acquire adds NT_SPIN_HARD. So the task and that bit name the owner
 * exactly. A word without the mark was never a lock.
 *
 * A second acquire by the owner would never end, and neither would one by a handler that has
 * interrupted the owner. It is reported and does not wait. NT_SPIN_AGAIN in the word is the
 * owner's second acquire, and the next release by the owner takes back that bit alone, because the
 * owner is still in the section of the first. A third acquire is not counted. A handler's release
 * finds another owner, and is refused.
 *
 * Waiters have no order. A queue as in qspinlock needs preemption off, and on PREEMPT_RT the owner
 * and the waiters of a KSPIN_LOCK are preemptible, because drivers make calls under it that sleep
 * there.
 *
 * If the owner is preempted, another task of the same processor cannot wait for the word, because
 * local_bh_disable() makes the task wait for the owner before, with priority inheritance. This
 * needs a kernel in which bottom halves exclude each other. The module does not load on others
 * (nt_levels_are_missing()). A task of another processor spins until the owner runs again.
 *
 * lockdep knows all these locks as one class, KSPIN_LOCK, and is told of each acquire as if it were
 * a trylock. So it knows that a lock is held, and when it is released. It cannot see the order of
 * two locks, since a lock that has no destructor cannot have a class of its own.
 */
#include "ntos/ntos.h"

#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/instruction_pointer.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include <ddk/wdm/spinlock.h>

#include "address.h"
#include "ntos/level.h"

#define NT_SPIN_RAISED	0x01UL
#define NT_SPIN_HARD	0x04UL
#define NT_SPIN_AGAIN	0x08UL
#define NT_SPIN_MARK	0x32UL
#define NT_SPIN_LOW	0x3FUL

/* More locks than a driver holds at a time. Locks above that are not noted. */
#define NT_SPIN_MOST	16

static_assert(L1_CACHE_BYTES > NT_SPIN_LOW, "a task_struct must have six low bits of 0");

#ifdef CONFIG_DEBUG_LOCK_ALLOC
static struct lock_class_key nt_spin_key;
static struct lockdep_map nt_spin_map = STATIC_LOCKDEP_MAP_INIT("KSPIN_LOCK", &nt_spin_key);
#endif

/**
 * struct nt_spin_held - locks that were taken on a processor
 * @count: number of the locks
 * @locks: the locks
 *
 * Bottom halves are off between the acquire and the release, so the release is on the same
 * processor. It may be on another one if the driver has lowered the level in between. So an entry
 * is a hint, and the word of the lock has the truth. An interrupt may add entries, and removes them
 * before it returns.
 */
struct nt_spin_held {
	unsigned int count;
	PKSPIN_LOCK locks[NT_SPIN_MOST];
};

static DEFINE_PER_CPU(struct nt_spin_held, nt_spin_held);

static void nt_spin_note(PKSPIN_LOCK lock)
{
	struct nt_spin_held *held = raw_cpu_ptr(&nt_spin_held);
	unsigned int n = READ_ONCE(held->count);

	if (n == NT_SPIN_MOST)
		return;
	/* An interrupt from here on adds its entries behind this one. */
	WRITE_ONCE(held->count, n + 1);
	WRITE_ONCE(held->locks[n], lock);
}

static void nt_spin_remove(struct nt_spin_held *held, unsigned int n)
{
	const unsigned int last = READ_ONCE(held->count) - 1;

	WRITE_ONCE(held->locks[n], held->locks[last]);
	WRITE_ONCE(held->count, last);
}

static void nt_spin_unnote(PKSPIN_LOCK lock)
{
	struct nt_spin_held *held = raw_cpu_ptr(&nt_spin_held);
	unsigned int n;

	for (n = READ_ONCE(held->count); n-- > 0;) {
		if (READ_ONCE(held->locks[n]) == lock) {
			nt_spin_remove(held, n);
			return;
		}
	}
}

/* Report a pointer that no lock can have. Return true if it is one. */
static bool nt_spin_is_wrong(PKSPIN_LOCK lock, const char *call)
{
	const bool wild = wdmdma_is_wild(lock);

	if (likely(!wild && IS_ALIGNED((unsigned long)lock, sizeof(*lock))))
		return false;
	wdmdma_report(call, "SpinLock is %s", !lock ? "NULL" : wild ? "no address of the kernel" :
		      "not aligned");
	return true;
}

/* Return true if no acquire has written @word. */
static bool nt_spin_is_foreign(unsigned long word)
{
	return (word & NT_SPIN_LOW & ~(NT_SPIN_RAISED | NT_SPIN_HARD | NT_SPIN_AGAIN)) !=
	       NT_SPIN_MARK;
}

/* Return what an acquire by the caller writes. No interrupt interrupts another one. */
static unsigned long nt_spin_caller(void)
{
	return (unsigned long)current | NT_SPIN_MARK | (in_hardirq() ? NT_SPIN_HARD : 0);
}

/* Return true if an acquire by the caller has written @word. */
static bool nt_spin_is_callers(unsigned long word)
{
	return (word & ~(NT_SPIN_RAISED | NT_SPIN_AGAIN)) == nt_spin_caller();
}

/* Take the lock if it is free. Store what it was to @old. */
static bool nt_spin_try(PKSPIN_LOCK lock, unsigned long flags, unsigned long *old)
{
	const unsigned long word = nt_spin_caller() | flags;

	*old = 0;
	if (!try_cmpxchg_acquire(lock, old, word) &&
	    (!nt_spin_is_foreign(*old) || !try_cmpxchg_acquire(lock, old, word)))
		return false;
	lock_acquire(&nt_spin_map, 0, 1, 0, 1, NULL, _RET_IP_);
	nt_spin_note(lock);
	return true;
}

/* Report what the word of a lock was before the acquire, if it was no lock. */
static void nt_spin_check(unsigned long old, const char *call)
{
	if (unlikely(old))
		wdmdma_report(call, "the lock was not initialized, or was overwritten");
}

/* Report a lock that cannot become free while the caller waits. Return true if it is one. */
static bool nt_spin_never_ends(unsigned long word, const char *call)
{
	if ((word & ~NT_SPIN_LOW) != (unsigned long)current)
		return false;
	if (nt_spin_is_callers(word))
		wdmdma_report(call, "the caller holds the lock already");
	else if (in_hardirq())
		wdmdma_report(call, "the code that was interrupted holds the lock");
	else
		wdmdma_report(call, "an interrupt handler has left the lock locked");
	return true;
}

/* Take the lock, at DISPATCH_LEVEL. Return false if the call would never end. */
static bool nt_spin_take(PKSPIN_LOCK lock, unsigned long flags, const char *call)
{
	unsigned long old;

	while (!nt_spin_try(lock, flags, &old)) {
		if (nt_spin_never_ends(old, call))
			return false;
		/* Reading keeps the cache line shared until the release. */
		smp_cond_load_relaxed(lock, VAL != old);
	}
	nt_spin_check(old, call);
	return true;
}

/* Make a lock free that the caller holds. */
static void nt_spin_free(PKSPIN_LOCK lock)
{
	lock_release(&nt_spin_map, _RET_IP_);
	nt_spin_unnote(lock);
	/* Pairs with the acquire in nt_spin_try(). */
	smp_store_release(lock, 0);
}

/*
 * Take the lock for a caller that makes a release in any case. Return false if it has not got it.
 * The word is the owner's alone to change.
 */
static bool nt_spin_acquire(PKSPIN_LOCK lock, unsigned long flags, const char *call)
{
	unsigned long word;

	if (nt_spin_take(lock, flags, call))
		return true;
	word = READ_ONCE(*lock);
	if (nt_spin_is_callers(word))
		WRITE_ONCE(*lock, word | NT_SPIN_AGAIN);
	return false;
}

/* Release the lock. The lock of somebody else is reported, and left alone. */
static void nt_spin_release(PKSPIN_LOCK lock, const char *call)
{
	unsigned long word;

	if (nt_spin_is_wrong(lock, call))
		return;
	word = READ_ONCE(*lock);
	if (!nt_spin_is_callers(word)) {
		wdmdma_report(call, "the caller does not hold the lock");
		return;
	}
	if (word & NT_SPIN_AGAIN) {
		WRITE_ONCE(*lock, word & ~NT_SPIN_AGAIN);
		return;
	}
	/* The caller has lowered the level too early. Nothing else will free the lock. */
	if (nt_irql() < DISPATCH_LEVEL)
		wdmdma_report(call, "called below DISPATCH_LEVEL, with the lock held");
	nt_spin_free(lock);
	if (word & NT_SPIN_RAISED)
		nt_lower(call);
}

static void nt_spin_raise_for_rt(struct nt_closed *closed)
{
	closed->raised = IS_ENABLED(CONFIG_PREEMPT_RT) && preemptible();
	if (closed->raised)
		local_bh_disable();
}

static void nt_spin_lower_for_rt(const struct nt_closed *closed)
{
	if (closed->raised)
		local_bh_enable();
}

/*
 * Take a lock with interrupts off, at any level. Return false, with a report, if the caller has not
 * got it. On PREEMPT_RT a thread must first wait for a bottom half or a section of this processor
 * that was preempted with the lock.
 */
bool nt_spin_close(PKSPIN_LOCK lock, struct nt_closed *closed, const char *call)
{
	if (nt_spin_is_wrong(lock, call))
		return false;
	nt_spin_raise_for_rt(closed);
	local_irq_save(closed->flags);
	if (nt_spin_take(lock, 0, call))
		return true;
	local_irq_restore(closed->flags);
	nt_spin_lower_for_rt(closed);
	return false;
}

/* Release a lock that nt_spin_close() has taken. */
void nt_spin_open(PKSPIN_LOCK lock, const struct nt_closed *closed)
{
	nt_spin_free(lock);
	local_irq_restore(closed->flags);
	nt_spin_lower_for_rt(closed);
}

/* Return the number of locks that were taken on this processor, and not released. */
unsigned int nt_spin_count(void)
{
	return raw_cpu_read(nt_spin_held.count);
}

/* Return the word of a lock whose memory may be gone. 0 is a lock that nobody has. */
static unsigned long nt_spin_word(const KSPIN_LOCK *lock)
{
	unsigned long word;

	return copy_from_kernel_nofault(&word, lock, sizeof(word)) ? 0 : word;
}

/* Release the locks that a routine has left, but not the first @count of this processor. */
void nt_spin_abandon(unsigned int count, const char *call, const void *routine)
{
	struct nt_spin_held *held;
	unsigned long flags, word;
	PKSPIN_LOCK lock;
	unsigned int n;

	if (likely(nt_spin_count() <= count))
		return;
	local_irq_save(flags);
	held = this_cpu_ptr(&nt_spin_held);
	for (n = held->count; n-- > count;) {
		lock = held->locks[n];
		word = nt_spin_word(lock);
		if (nt_spin_is_callers(word)) {
			lock_release(&nt_spin_map, _RET_IP_);
			/* Pairs with the acquire in nt_spin_try(). */
			smp_store_release(lock, 0);
			wdmdma_report(call,
				      "%pS has left the spin lock %p locked in the thread %s, %d",
				      routine, lock, current->comm, current->pid);
		} else if (word) {
			continue;
		}
		nt_spin_remove(held, n);
	}
	local_irq_restore(flags);
}

/* Take a lock and raise the level. Return the former level. */
static KIRQL nt_spin_raise(PKSPIN_LOCK lock, const char *call)
{
	const KIRQL old = nt_irql();

	if (old < DISPATCH_LEVEL)
		local_bh_disable();
	else
		nt_above_dispatch(call);
	if (!nt_spin_is_wrong(lock, call))
		nt_spin_acquire(lock, 0, call);
	return old;
}

/*
 * Release a lock and lower the level. The caller's level decides whether bottom halves come back,
 * because drivers release locks in any order. They also do if the lock is not released, because
 * the acquire has disabled them whether it got the lock or not.
 */
static void nt_spin_lower(PKSPIN_LOCK lock, KIRQL new_irql, const char *call)
{
	nt_spin_release(lock, call);
	if (new_irql < DISPATCH_LEVEL)
		nt_lower(call);
	else if (new_irql > DISPATCH_LEVEL && new_irql > nt_irql())
		wdmdma_report(call, "NewIrql %u was not returned by the acquire", new_irql);
}

/* Take a lock at DISPATCH_LEVEL. A caller below it is reported, and raised until the release. */
static void nt_spin_at_dispatch(PKSPIN_LOCK lock, const char *call)
{
	unsigned long flags = 0;

	if (nt_spin_is_wrong(lock, call))
		return;
	if (nt_irql() < DISPATCH_LEVEL) {
		wdmdma_report(call, "called below DISPATCH_LEVEL");
		local_bh_disable();
		flags = NT_SPIN_RAISED;
	}
	if (!nt_spin_acquire(lock, flags, call) && flags)
		nt_lower(call);
}

/**
 * KeInitializeSpinLock() - make a lock free
 * @lock: one pointer wide, and aligned to that
 *
 * Answers to wdm: KeInitializeSpinLock. Memory of zeros is a free lock too.
 *
 * Context: any.
 */
void KeInitializeSpinLock(PKSPIN_LOCK lock)
{
	if (!nt_spin_is_wrong(lock, __func__) && !nt_is_wrong(lock, "SpinLock", __func__))
		WRITE_ONCE(*lock, 0);
}
EXPORT_SYMBOL_GPL(KeInitializeSpinLock);

/**
 * KeAcquireSpinLockRaiseToDpc() - raise to DISPATCH_LEVEL and take a lock
 * @lock: the lock
 *
 * Answers to wdm: KeAcquireSpinLock, KeAcquireSpinLockRaiseToDpc. Disables bottom halves, but no
 * interrupts. An acquire by the thread that has the lock is reported and does not wait. The thread
 * keeps the lock until it has released it as often as acquired, but at most twice. An interrupt
 * handler is another owner than the thread that it has interrupted. A lock of that thread is
 * reported and not given to the handler.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: the former level, for KeReleaseSpinLock().
 */
KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK lock)
{
	return nt_spin_raise(lock, "KeAcquireSpinLock");
}
EXPORT_SYMBOL_GPL(KeAcquireSpinLockRaiseToDpc);

/**
 * KeReleaseSpinLock() - release a lock and lower the level
 * @lock: the lock
 * @new_irql: level that the acquire has returned
 *
 * Answers to wdm: KeReleaseSpinLock. Locks may be released in any order. A lock that the caller
 * does not hold is reported and left alone, and the level is lowered. A release below
 * DISPATCH_LEVEL is reported, and frees the lock.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeReleaseSpinLock(PKSPIN_LOCK lock, KIRQL new_irql)
{
	nt_spin_lower(lock, new_irql, __func__);
}
EXPORT_SYMBOL_GPL(KeReleaseSpinLock);

/**
 * KeAcquireSpinLockAtDpcLevel() - take a lock, at DISPATCH_LEVEL
 * @lock: the lock
 *
 * Answers to wdm: KeAcquireSpinLockAtDpcLevel. A caller below DISPATCH_LEVEL is reported, and
 * bottom halves are disabled until the release.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock)
{
	nt_spin_at_dispatch(lock, __func__);
}
EXPORT_SYMBOL_GPL(KeAcquireSpinLockAtDpcLevel);

/**
 * KeReleaseSpinLockFromDpcLevel() - release a lock, and leave the level alone
 * @lock: the lock
 *
 * Answers to wdm: KeReleaseSpinLockFromDpcLevel. May follow KeAcquireSpinLock(), if the driver
 * lowers the level afterwards.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK lock)
{
	nt_spin_release(lock, __func__);
}
EXPORT_SYMBOL_GPL(KeReleaseSpinLockFromDpcLevel);

/**
 * KeTryToAcquireSpinLockAtDpcLevel() - take a lock if it is free, at DISPATCH_LEVEL
 * @lock: the lock
 *
 * Answers to wdm: KeTryToAcquireSpinLockAtDpcLevel. A caller below DISPATCH_LEVEL is refused.
 *
 * Context: DISPATCH_LEVEL.
 * Return: TRUE if the caller has the lock now.
 */
BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK lock)
{
	unsigned long old;

	if (nt_spin_is_wrong(lock, __func__))
		return FALSE;
	if (nt_irql() < DISPATCH_LEVEL) {
		wdmdma_report(__func__, "called below DISPATCH_LEVEL");
		return FALSE;
	}
	if (!nt_spin_try(lock, 0, &old))
		return FALSE;
	nt_spin_check(old, __func__);
	return TRUE;
}
EXPORT_SYMBOL_GPL(KeTryToAcquireSpinLockAtDpcLevel);

/**
 * KeTestSpinLock() - tell whether a lock is free
 * @lock: the lock
 *
 * Answers to wdm: KeTestSpinLock.
 *
 * Context: any.
 * Return: TRUE if nobody holds the lock at this moment.
 */
BOOLEAN KeTestSpinLock(PKSPIN_LOCK lock)
{
	return !nt_spin_is_wrong(lock, __func__) && !READ_ONCE(*lock);
}
EXPORT_SYMBOL_GPL(KeTestSpinLock);

/* Report a pointer that no handle can have. Return true if it is one. */
static bool nt_spin_handle_is_wrong(const KLOCK_QUEUE_HANDLE *handle, const char *call)
{
	if (likely(!wdmdma_is_wild(handle)))
		return false;
	wdmdma_report(call, "LockHandle is %s", handle ? "no address of the kernel" : "NULL");
	return true;
}

/* Note the lock and the level in a handle. Without a handle nothing is taken. */
static bool nt_spin_enter_queue(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle, const char *call)
{
	if (nt_spin_handle_is_wrong(handle, call))
		return false;
	handle->LockQueue.Next = NULL;
	handle->LockQueue.Lock = lock;
	return true;
}

/**
 * KeAcquireInStackQueuedSpinLock() - raise to DISPATCH_LEVEL and take a lock, with a handle
 * @lock: the lock
 * @handle: memory for the lock and the level, usually on the stack
 *
 * Answers to wdm: KeAcquireInStackQueuedSpinLock. There is no queue. The lock is taken as by
 * KeAcquireSpinLock(), so the one form excludes the other.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle)
{
	if (nt_spin_enter_queue(lock, handle, __func__))
		handle->OldIrql = nt_spin_raise(lock, __func__);
}
EXPORT_SYMBOL_GPL(KeAcquireInStackQueuedSpinLock);

/**
 * KeReleaseInStackQueuedSpinLock() - release the lock of a handle and lower the level
 * @handle: as given to KeAcquireInStackQueuedSpinLock()
 *
 * Answers to wdm: KeReleaseInStackQueuedSpinLock.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE handle)
{
	if (!nt_spin_handle_is_wrong(handle, __func__))
		nt_spin_lower(handle->LockQueue.Lock, handle->OldIrql, __func__);
}
EXPORT_SYMBOL_GPL(KeReleaseInStackQueuedSpinLock);

/**
 * KeAcquireInStackQueuedSpinLockAtDpcLevel() - take a lock with a handle, at DISPATCH_LEVEL
 * @lock: the lock
 * @handle: memory for the lock, usually on the stack
 *
 * Answers to wdm: KeAcquireInStackQueuedSpinLockAtDpcLevel. A caller below DISPATCH_LEVEL is
 * reported, and bottom halves are disabled until the release.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK lock, PKLOCK_QUEUE_HANDLE handle)
{
	if (!nt_spin_enter_queue(lock, handle, __func__))
		return;
	handle->OldIrql = DISPATCH_LEVEL;
	nt_spin_at_dispatch(lock, __func__);
}
EXPORT_SYMBOL_GPL(KeAcquireInStackQueuedSpinLockAtDpcLevel);

/**
 * KeReleaseInStackQueuedSpinLockFromDpcLevel() - release the lock of a handle
 * @handle: as given to the acquire
 *
 * Answers to wdm: KeReleaseInStackQueuedSpinLockFromDpcLevel.
 *
 * Context: DISPATCH_LEVEL.
 */
void KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE handle)
{
	if (!nt_spin_handle_is_wrong(handle, __func__))
		nt_spin_release(handle->LockQueue.Lock, __func__);
}
EXPORT_SYMBOL_GPL(KeReleaseInStackQueuedSpinLockFromDpcLevel);
