// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_report.c - what doctor says of addresses, and how it says it to people and programs.
 */
#include "machine.h"

#include <errno.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

/* ---- addresses ---- */

static void what_is_asked_about(void **state)
{
	struct machine *m = *state;

	m->w.target[0] = (struct target){ "0000:02:00.0", &m->nic[1] };
	m->w.ntargets = 1;
	machine_close_node(m, "/dev/vfio/9", -EBUSY);	/* the other one */
	machine_first(m, "iommu", VERDICT_OK, NULL, NULL);

	strcpy(m->nic[1].driver, "e1000e");
	machine_first(m, "device", VERDICT_PROBLEM, "belongs to the kernel's driver e1000e",
		      "sudo leat bind 0000:02:00.0");
	strcpy(m->nic[1].in_use, "eth0 carries 192.0.2.1/24");
	machine_first(m, "device", VERDICT_PROBLEM, "eth0 carries 192.0.2.1/24", "--force 0000:02:00.0");
	m->nic[1].in_use[0] = 0;
	m->nic[1].driver[0] = 0;
	machine_first(m, "device", VERDICT_PROBLEM, "belongs to no driver", "sudo leat bind");
	strcpy(m->nic[1].driver, "vfio-pci");
	m->nic[1].leat_driver = NULL;
	machine_first(m, "device", VERDICT_WARNING, "1af4:1041, for which leat has no driver", NULL);
	m->nic[1].group = -1;
	machine_first(m, "group", VERDICT_PROBLEM, "0000:02:00.0 is in no IOMMU group", NULL);
}

static void one_device_by_two_names(void **state)
{
	struct machine *m = *state;
	unsigned int n = 0;

	m->w.target[0] = (struct target){ "0000:02:00.0", &m->nic[1] };
	m->w.target[1] = (struct target){ "nonsense", NULL };
	m->w.target[2] = (struct target){ "02:00.0", &m->nic[1] };
	m->w.target[3] = (struct target){ "01:00.0", &m->nic[0] };
	m->w.ntargets = 4;
	for (const struct leat_pci_device *d = next_subject(&m->w, NULL); d && n < 4;
	     d = next_subject(&m->w, d))
		n++;
	assert_int_equal(n, 2);
}

static void addresses_that_are_none(void **state)
{
	struct machine *m = *state;
	char socket[64];

	m->w.target[0].addr = "0000:77:00.0";
	m->w.ntargets = 1;
	machine_first(m, "device", VERDICT_PROBLEM, "no such network controller", "leat devices");
	m->w.target[0].addr = "vfio-user:/run/a.sock";
	machine_first(m, "socket", VERDICT_PROBLEM, "/run/a.sock: No such file",
		      "leat-nicd virtio-net:/run/a.sock");
	machine_put(m, "/run/a.sock", "");
	machine_first(m, "socket", VERDICT_PROBLEM, "/run/a.sock is no socket", NULL);
	machine_remove(m, "/run/a.sock");
	snprintf(socket, sizeof(socket), "%s/run/a.sock", m->root);
	assert_int_equal(mknod(socket, S_IFSOCK | 0700, 0), 0);
	machine_first(m, "socket", VERDICT_OK, "is a socket, and permitted", NULL);
	m->w.target[0].addr = "sim:virtio-net";
	machine_first(m, "hugepages", VERDICT_OK, NULL, NULL);
}

/* ---- printing ---- */

static char *print(const struct world *w, void (*how)(const struct world *w, FILE *out))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	how(w, out);
	fclose(out);
	return text;
}

static void people_read_the_first_thing_to_do(void **state)
{
	struct machine *m = *state;
	char *text;

	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	text = print(&m->w, report_print);
	assert_non_null(strstr(text, "\nworks now: emulated NICs, without root (apps/demo), "
				     "0000:01:00.0, 0000:02:00.0\n"));
	free(text);
	machine_close_node(m, "/dev/vfio/9", -EBUSY);
	machine_first(m, "busy", VERDICT_PROBLEM, NULL, NULL);
	text = print(&m->w, report_print);
	assert_ptr_equal(strstr(text, "problem  busy        0000:01:00.0 is busy"), text);
	assert_non_null(strstr(text, "\nfirst: problem: busy: 0000:01:00.0 is busy"));
	assert_non_null(strstr(text, "\nmend it: sudo fuser -v /dev/vfio/9"));
	assert_non_null(strstr(text, "\nworks now: emulated NICs, without root (apps/demo)\n"));
	free(text);
}

static void people_read_how_to_run_it(void **state)
{
	struct machine *m = *state;
	char *text;

	m->w.target[0] = (struct target){ "01:00.0", &m->nic[0] };
	m->w.target[1] = (struct target){ "02:00.0", &m->nic[1] };
	m->w.ntargets = 2;
	machine_first(m, "iommu", VERDICT_OK, NULL, NULL);
	text = print(&m->w, report_print);
	assert_non_null(strstr(text, "\nrun: leat-fwd 01:00.0 02:00.0\n"));
	free(text);
	m->w.ntargets = 1;
	strcpy(m->nic[0].driver, "e1000e");
	machine_first(m, "device", VERDICT_PROBLEM, NULL, NULL);
	text = print(&m->w, report_print);
	assert_non_null(strstr(text, "\nthen run: leat info --driver 01:00.0\n"));
	free(text);
}

static void programs_read_json(void **state)
{
	struct machine *m = *state;
	struct json_object *list, *one;
	char *text;

	machine_close_node(m, "/dev/vfio/9", -EBUSY);
	machine_first(m, "busy", VERDICT_PROBLEM, NULL, NULL);
	text = print(&m->w, report_json);
	list = json_tokener_parse(text);
	assert_int_equal(json_object_array_length(list), m->w.nfindings);
	one = json_object_array_get_idx(list, 0);
	assert_string_equal(json_object_get_string(json_object_object_get(one, "check")), "busy");
	assert_string_equal(json_object_get_string(json_object_object_get(one, "verdict")), "problem");
	assert_string_equal(json_object_get_string(json_object_object_get(one, "remedy")),
			    m->w.finding[0].remedy);
	one = json_object_array_get_idx(list, m->w.nfindings - 1);
	assert_string_equal(json_object_get_string(json_object_object_get(one, "verdict")), "ok");
	assert_null(json_object_object_get(one, "remedy"));
	json_object_put(list);
	free(text);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_asked_about),
		TEST(one_device_by_two_names),
		TEST(addresses_that_are_none),
		TEST(people_read_the_first_thing_to_do),
		TEST(people_read_how_to_run_it),
		TEST(programs_read_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
