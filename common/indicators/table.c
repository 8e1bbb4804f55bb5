/*
 * The table of indicators: a new one is a row in its family's file and a line
 * here.
 */
#include "common/indicators/table.h"

static const struct indicator *const table[] = {
    &indicator_sma,
    &indicator_ema,
    &indicator_wma,
    &indicator_rma,
    &indicator_rsi,
    &indicator_macd,
    &indicator_bb,
    &indicator_tr,
    &indicator_atr,
    &indicator_dmi,
    &indicator_stoch,
    &indicator_cci,
    &indicator_mfi,
    &indicator_obv,
    &indicator_roc,
    &indicator_donchian,
    &indicator_supertrend,
    &indicator_vwap,
};

const struct indicator *
indicator_at(size_t i)
{
	return i < sizeof(table) / sizeof(table[0]) ? table[i] : NULL;
}
