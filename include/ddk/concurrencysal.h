/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Annotations of locks and races, which tell gcc nothing.
 *
 * A word that stands as a statement leaves an expression, so that `if (x) word;` has a body.
 */
#ifndef DDK_CONCURRENCYSAL_H
#define DDK_CONCURRENCYSAL_H

/* Newer kernels have an annotation of this name for their own lock analysis. */
#undef __guarded_by

#define _Acquires_exclusive_lock_(...)
#define __acquires_exclusive_lock(...)
#define _Acquires_lock_(...)
#define __acquires_lock(...)
#define _Acquires_nonreentrant_lock_(...)
#define _Acquires_shared_lock_(...)
#define __acquires_shared_lock(...)
#define _Analysis_assume_lock_acquired_(...)	((void)0)
#define __analysis_assume_lock_acquired(...)	((void)0)
#define _Analysis_assume_lock_held_(...)	((void)0)
#define _Analysis_assume_lock_not_held_(...)	((void)0)
#define _Analysis_assume_lock_released_(...)	((void)0)
#define __analysis_assume_lock_released(...)	((void)0)
#define _Analysis_assume_same_lock_(...)
#define _Analysis_assume_section_locked_(...)
#define _Analysis_assume_section_unlocked_(...)
#define _Analysis_assume_smart_lock_acquired_(...)
#define _Analysis_assume_smart_lock_released_(...)
#define _Analysis_suppress_lock_checking_(...)
#define __analysis_suppress_lock_checking(...)
#define _Benign_race_begin_
#define _Benign_race_end_
#define __blocksOn(...)
#define _Create_lock_level_(...)
#define __declare_lock_level(...)
#define _Detaches_lock_(...)
#define _Function_ignore_lock_checking_(...)
#define __function_ignore_lock_checking(...)
#define _Guarded_by_(...)
#define __guarded_by(...)
#define _Has_lock_kind_(...)
#define _Has_lock_level_(...)
#define __has_lock_level(...)
#define __has_lock_property(...)
#define _Interlocked_
#define __interlocked
#define _Interlocked_operand_
#define _Lock_level_order_(...)
#define __lock_level_order(...)
#define _Moves_lock_(...)
#define _No_competing_thread_
#define __no_competing_thread
#define _No_competing_thread_begin_
#define _No_competing_thread_end_
#define _Post_same_lock_(...)
#define _Releases_exclusive_lock_(...)
#define __releases_exclusive_lock(...)
#define _Releases_lock_(...)
#define __releases_lock(...)
#define _Releases_nonreentrant_lock_(...)
#define _Releases_shared_lock_(...)
#define __releases_shared_lock(...)
#define _Replaces_lock_(...)
#define _Requires_exclusive_lock_held_(...)
#define __requires_exclusive_lock_held(...)
#define _Requires_lock_held_(...)
#define __requires_lock_held(...)
#define _Requires_lock_not_held_(...)
#define __requires_lock_not_held(...)
#define _Requires_no_locks_held_
#define __requires_no_locks_held
#define _Requires_shared_lock_held_(...)
#define __requires_shared_lock_held(...)
#define _Swaps_locks_(...)
#define _Write_guarded_by_(...)
#define __write_guarded_by(...)

#endif /* DDK_CONCURRENCYSAL_H */
