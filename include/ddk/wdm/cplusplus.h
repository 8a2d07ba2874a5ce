/* SPDX-License-Identifier: GPL-2.0-only */
/* Operators and templates, which exist for C++ alone. */
#ifndef DDK_WDM_CPLUSPLUS_H
#define DDK_WDM_CPLUSPLUS_H

#include "../guiddef.h"

#ifdef __cplusplus
/* Drivers include the headers in a block of extern "C", where no template is allowed. */
extern "C++" {

inline int IsEqualGUID(const GUID &a, const GUID &b)
{
	return !__builtin_memcmp(&a, &b, sizeof(GUID));
}

inline bool operator==(const GUID &a, const GUID &b)
{
	return !__builtin_memcmp(&a, &b, sizeof(GUID));
}

inline bool operator!=(const GUID &a, const GUID &b)
{
	return !(a == b);
}

template <typename T> inline constexpr T *WdmStringBuffer(const T *s)
{
	return const_cast<T *>(s);
}

}

/* The bits of a value of an enumeration, which may have any width. */
#define WDM_ENUM_BITS(type, a)	static_cast<__underlying_type(type)>(a)

/* Operators for an enumeration whose values are bits. */
#define DEFINE_ENUM_FLAG_OPERATORS(type) \
	extern "C++" { \
	inline constexpr type operator|(type a, type b) \
	{ \
		return type(WDM_ENUM_BITS(type, a) | WDM_ENUM_BITS(type, b)); \
	} \
	inline constexpr type operator&(type a, type b) \
	{ \
		return type(WDM_ENUM_BITS(type, a) & WDM_ENUM_BITS(type, b)); \
	} \
	inline constexpr type operator^(type a, type b) \
	{ \
		return type(WDM_ENUM_BITS(type, a) ^ WDM_ENUM_BITS(type, b)); \
	} \
	inline constexpr type operator~(type a) { return type(~WDM_ENUM_BITS(type, a)); } \
	inline type &operator|=(type &a, type b) { return a = a | b; } \
	inline type &operator&=(type &a, type b) { return a = a & b; } \
	inline type &operator^=(type &a, type b) { return a = a ^ b; } \
	}
#endif

#endif /* DDK_WDM_CPLUSPLUS_H */
