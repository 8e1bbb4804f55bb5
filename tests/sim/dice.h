/*
 * dice: numbers that look random and are a function of what they are asked
 * for, so that a market is the same at every run, in whatever order it is
 * looked at.
 */
#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

#include <stdint.h>

/* splitmix64's finaliser (Steele, Lea, Flood 2014): a bijection of 64 bits
 * whose output bits each depend on all input bits. */
static inline uint64_t
dice_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* For seed and two coordinates. */
static inline uint64_t
dice_roll(uint64_t seed, uint64_t a, uint64_t b)
{
	return dice_mix(dice_mix(seed ^ a) ^ b);
}

/* 0 .. n - 1. */
static inline uint64_t
dice_below(uint64_t roll, uint64_t n)
{
	return n == 0 ? 0 : (roll >> 11) % n;
}

#endif
