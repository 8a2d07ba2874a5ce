// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on KMDF (wdmdma_wdf.ko). Their raw side is the list that a WDM driver
 * gets from the DMA_OPERATIONS table for the same memory.
 */
#include <linux/bottom_half.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <ddk/wdfdevice.h>
#include <ddk/wdfdmaenabler.h>
#include <ddk/wdfdmatransaction.h>
#include <wdmdma/wdf.h>

#include "bench.h"

/* A KMDF driver's objects for the row that is measured. */
static struct {
	WDFDRIVER driver;
	WDFDEVICE device;
	WDFDMAENABLER enabler;
	WDFDMATRANSACTION transaction;
} wdf;

static void wdf_close(void)
{
	if (wdf.device)
		wdmdma_wdf_device_delete(wdf.device);
	if (wdf.driver)
		wdmdma_wdf_driver_delete(wdf.driver);
	memset(&wdf, 0, sizeof(wdf));
}

static bool wdf_open(struct bench *b, size_t len)
{
	WDF_DMA_ENABLER_CONFIG config;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64Duplex, len);
	return NT_SUCCESS(wdmdma_wdf_driver_create(THIS_MODULE, NULL, &wdf.driver)) &&
	       NT_SUCCESS(wdmdma_wdf_device_create(wdf.driver, b->dev, NULL, &wdf.device)) &&
	       NT_SUCCESS(WdfDmaEnablerCreate(wdf.device, &config, NULL, &wdf.enabler)) &&
	       NT_SUCCESS(WdfDmaTransactionCreate(wdf.enabler, NULL, &wdf.transaction));
}

int bench_wdf_setup(struct bench *b)
{
	int ret = bench_list_setup(b);

	if (ret)
		return ret;
	if (wdf_open(b, b->len))
		return 0;
	bench_wdf_cleanup(b);
	return -ENOMEM;
}

void bench_wdf_cleanup(struct bench *b)
{
	wdf_close();
	bench_transfer_cleanup(b);
}

/* The device of the benchmark is done with a transfer at once. */
static BOOLEAN wdf_program(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			   WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list)
{
	NTSTATUS status;

	*(bool *)context = WdfDmaTransactionDmaCompleted(transaction, &status) &&
			   NT_SUCCESS(status);
	return TRUE;
}

static int wdf_one(struct bench_transfer *t, WDFDMATRANSACTION transaction)
{
	bool done = false;

	if (!NT_SUCCESS(WdfDmaTransactionInitialize(transaction, wdf_program,
						    WdfDmaDirectionWriteToDevice, t->mdl,
						    MmGetMdlVirtualAddress(t->mdl), t->len)) ||
	    !NT_SUCCESS(WdfDmaTransactionExecute(transaction, &done)) || !done)
		return -EINVAL;
	return 0;
}

/* The driver has one transaction for all its requests. */
int bench_ours_wdf(struct bench *b, unsigned int n)
{
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		ret = wdf_one(b->row, wdf.transaction);
		WdfDmaTransactionRelease(wdf.transaction);
	}
	local_bh_enable();
	return ret;
}

/* The driver makes a transaction for each request. */
int bench_ours_wdf_create(struct bench *b, unsigned int n)
{
	WDFDMATRANSACTION transaction;
	int ret = 0;

	while (n-- && !ret) {
		if (!NT_SUCCESS(WdfDmaTransactionCreate(wdf.enabler, NULL, &transaction)))
			return -ENOMEM;
		local_bh_disable();
		ret = wdf_one(b->row, transaction);
		local_bh_enable();
		WdfObjectDelete(transaction);
	}
	return ret;
}
