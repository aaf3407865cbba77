// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device that stands for the TDX module: its attributes have the names and
 * the place that mainline gives them, and a suspend asks it first.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/pm.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/sysfs.h>

#include "host.h"

static struct device *faux, *tdx_dev;

static ssize_t version_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const struct tdx_sys_info *info = tdx_host_sysinfo();
	u16 major, minor, update;

	if (!info || tdx_host_why_off())
		return -ENXIO;
	/* Of one module: tdx_update() changes the three with all CPUs stopped. */
	preempt_disable();
	major = info->major;
	minor = info->minor;
	update = info->update;
	preempt_enable();
	return sysfs_emit(buf, "%u.%u.%02u\n", major, minor, update);
}
static DEVICE_ATTR_RO(version);

static struct attribute *tdx_attrs[] = {
	&dev_attr_version.attr,
	NULL,
};

static const struct attribute_group tdx_group = {
	.attrs = tdx_attrs,
};

/* There is nobody to ask before TDX is on. */
static int read_seamldr(struct tdx_seamldr *info)
{
	return tdx_host_sysinfo() ? tdx_seamldr_read(info) : -ENXIO;
}

static ssize_t seamldr_version_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct tdx_seamldr info;
	int ret = read_seamldr(&info);

	if (ret)
		return ret;
	return sysfs_emit(buf, "%u.%u.%02u\n", info.major, info.minor,
			  info.update);
}
static DEVICE_ATTR_ADMIN_RO(seamldr_version);

static ssize_t num_remaining_updates_show(struct device *dev,
					  struct device_attribute *attr,
					  char *buf)
{
	struct tdx_seamldr info;
	int ret = read_seamldr(&info);

	return ret ?: sysfs_emit(buf, "%u\n", info.updates_left);
}
static DEVICE_ATTR_ADMIN_RO(num_remaining_updates);

static struct attribute *seamldr_attrs[] = {
	&dev_attr_seamldr_version.attr,
	&dev_attr_num_remaining_updates.attr,
	NULL,
};

static umode_t seamldr_is_visible(struct kobject *kobj, struct attribute *attr,
				  int n)
{
	return tdx_seamldr_is_safe() ? attr->mode : 0;
}

static const struct attribute_group seamldr_group = {
	.attrs = seamldr_attrs,
	.is_visible = seamldr_is_visible,
};

static const struct attribute_group *tdx_groups[] = {
	&tdx_group,
	&seamldr_group,
	NULL,
};

/*
 * Suspend to memory switches the memory encryption off, and the keys are gone.
 * The notifiers of a suspend come too early: its kind is not set there yet.
 */
static int tdx_pm_prepare(struct device *dev)
{
	if (pm_suspend_target_state == PM_SUSPEND_TO_IDLE ||
	    !tdx_is_configured())
		return 0;
	pr_warn("no suspend to memory while TDX is on: it would lose the TDs' keys; suspend to idle works\n");
	return -EBUSY;
}

static const struct dev_pm_ops tdx_pm_ops = {
	.prepare = tdx_pm_prepare,
};

static const struct device_type tdx_device_type = {
	.name = "tdx_host",
	.groups = tdx_groups,
	.pm = &tdx_pm_ops,
};

static void tdx_device_release(struct device *dev)
{
	kfree(dev);
}

struct device *tdx_device(void)
{
	return tdx_dev;
}

int tdx_device_create(void)
{
	int ret;

	/* Mainline's device is on a bus of this name, which 6.12 does not have. */
	faux = root_device_register("faux");
	if (IS_ERR(faux))
		return PTR_ERR(faux);

	tdx_dev = kzalloc(sizeof(*tdx_dev), GFP_KERNEL);
	if (!tdx_dev) {
		root_device_unregister(faux);
		return -ENOMEM;
	}
	device_initialize(tdx_dev);
	tdx_dev->parent = faux;
	tdx_dev->type = &tdx_device_type;
	tdx_dev->release = tdx_device_release;
	ret = dev_set_name(tdx_dev, "tdx_host");
	if (!ret)
		ret = device_add(tdx_dev);
	if (ret) {
		put_device(tdx_dev);
		root_device_unregister(faux);
	}
	return ret;
}

void tdx_device_remove(void)
{
	device_unregister(tdx_dev);
	root_device_unregister(faux);
}
