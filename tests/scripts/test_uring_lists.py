import importlib.util
import unittest

import support

_place = support.ROOT / "tests/uring_shim/lists.py"
_spec = importlib.util.spec_from_file_location("lists", _place)
lists = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lists)

HEADER = """/* gauntlet_uring_mentioned() is no declaration. */
int gauntlet_uring_create(int entries);
int gauntlet_uring_queue_read(int ring,
                              int fd);
/* since 2.8 */
int gauntlet_uring_queue_open(int ring, int path);
int gauntlet_uring_queue_send_zc_to(int ring);

/* ---- liburing's inline functions, one to one ---- */
struct io_uring_sqe* gauntlet_uring_get_sqe(int ring);
void gauntlet_uring_prep_read(int sqe, int fd);
void gauntlet_uring_prep_send_set_addr(int sqe);
/* since 2.8 */
void gauntlet_uring_prep_open(int sqe, int path);

/* ---- liburing's macros ---- */
unsigned gauntlet_uring_cqe_shift(int ring);
unsigned gauntlet_uring_read_once(int var);
"""
OF_2_3 = {"io_uring_get_sqe", "io_uring_prep_read", "io_uring_prep_send_set_addr", "__io_uring_peek_cqe", "_io_uring_get_sqe"}
OF_2_9 = OF_2_3 | {"io_uring_prep_open"}
MACROS = {"io_uring_cqe_shift", "IO_URING_READ_ONCE", "uring_likely"}
SYMBOLS = {"create", "queue_read", "queue_open", "queue_send_zc_to", "get_sqe", "prep_read", "prep_send_set_addr",
           "cqe_shift", "read_once"}
TABLE = {"io_uring_get_sqe 2.3 there", "io_uring_prep_read 2.3 there", "io_uring_prep_send_set_addr 2.3 there",
         "io_uring_prep_open 2.8 there"}


class Lists(unittest.TestCase):
    def names(self, mistakes):
        return sorted({name for name, _ in mistakes})

    def test_lists_that_agree_are_well(self):
        for functions, version in ((OF_2_3, "2.3"), (OF_2_9, "2.9")):
            self.assertEqual(lists.check_functions(HEADER, functions, version), [])
        self.assertEqual(lists.check_symbols(HEADER, SYMBOLS, "2.3"), [])
        self.assertEqual(lists.check_symbols(HEADER, SYMBOLS | {"prep_open"}, "2.8"), [])
        self.assertEqual(lists.check_macros(HEADER, MACROS), [])
        self.assertEqual(lists.check_steps(HEADER), [])
        self.assertEqual(lists.check_table(HEADER, TABLE, "2.9"), [])

    def test_each_function_that_is_taken_out_of_liburing_is_named(self):
        for name in OF_2_9:
            expected = [name[len("io_uring_"):]] if name.startswith("io_uring_") else []
            self.assertEqual(self.names(lists.check_functions(HEADER, OF_2_9 - {name}, "2.9")), expected)

    def test_a_function_that_the_shim_does_not_declare_is_named(self):
        lacking = HEADER.replace("void gauntlet_uring_prep_read(int sqe, int fd);\n", "")
        self.assertEqual(self.names(lists.check_functions(lacking, OF_2_9, "2.9")), ["prep_read"])
        self.assertEqual(self.names(lists.check_functions(HEADER, OF_2_9 | {"io_uring_new"}, "2.9")), ["new"])

    def test_a_function_of_a_later_liburing_is_not_claimed(self):
        self.assertEqual(lists.check_functions(HEADER, OF_2_9 | {"io_uring_new"}, "2.10"), [])
        self.assertEqual(self.names(lists.check_functions(HEADER, OF_2_3, "2.10")), ["prep_open"])

    def test_since_decides_what_is_expected(self):
        self.assertEqual(self.names(lists.check_functions(HEADER, OF_2_9, "2.7")), ["prep_open"])
        self.assertEqual(self.names(lists.check_functions(HEADER, OF_2_3, "2.8")), ["prep_open"])

    def test_each_symbol_that_is_taken_out_is_named(self):
        for name in SYMBOLS:
            self.assertEqual(self.names(lists.check_symbols(HEADER, SYMBOLS - {name}, "2.3")), [name])

    def test_a_symbol_too_many_is_named(self):
        self.assertEqual(self.names(lists.check_symbols(HEADER, SYMBOLS | {"prep_open"}, "2.3")), ["prep_open"])
        self.assertEqual(self.names(lists.check_symbols(HEADER, SYMBOLS | {"helper"}, "2.3")), ["helper"])

    def test_a_macro_that_is_new_is_named(self):
        self.assertEqual(self.names(lists.check_macros(HEADER, MACROS | {"IO_URING_NEW"})), ["new"])

    def test_each_prep_has_its_queue_of_the_same_version(self):
        without = HEADER.replace("queue_read", "queue_raed")
        self.assertEqual(self.names(lists.check_steps(without)), ["queue_raed", "queue_read"])
        earlier = HEADER.replace("/* since 2.8 */\nint", "/* since 2.7 */\nint")
        self.assertEqual(self.names(lists.check_steps(earlier)), ["queue_open"])

    def test_a_row_of_the_table_that_differs_is_named(self):
        self.assertEqual(self.names(lists.check_table(HEADER, TABLE - {"io_uring_get_sqe 2.3 there"}, "2.9")),
                         ["io_uring_get_sqe 2.3 there"])
        self.assertEqual(len(lists.check_table(HEADER, TABLE, "2.3")), 2)
