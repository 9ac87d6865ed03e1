//! The shims from Rust, with no crate: what `pkg-config --libs gauntlet-shim-png gauntlet-shim-uring` says is passed to the
//! linker.

use std::ffi::{c_char, c_int, c_uchar, c_uint, CStr};
use std::ptr::{null, null_mut};

#[repr(C)]
struct Callbacks {
    user: *mut (),
    read: *const (),
    data: *const c_uchar,
    data_size: usize,
    others: [*const (); 8],
}

#[repr(C)]
#[derive(Default)]
struct Header {
    width: u32,
    height: u32,
    bit_depth: u8,
    color_type: u8,
    interlaced: u8,
    channels: u8,
    row_bytes: u64,
}

#[repr(C)]
struct Failure {
    reason: c_int,
    message: [c_char; 192],
}

#[repr(C)]
#[derive(Default)]
struct Limits([u64; 9]); // never looked into; no smaller than gauntlet_png_limits

extern "C" {
    fn gauntlet_png_limits_default(limits: *mut Limits);
    fn gauntlet_png_create_reader(callbacks: *const Callbacks, limits: *const Limits) -> *mut ();
    fn gauntlet_png_read_info(png: *mut ()) -> c_int;
    fn gauntlet_png_get_IHDR(png: *mut (), header: *mut Header) -> c_int;
    fn gauntlet_png_get_failure(png: *const ()) -> *const Failure;
    fn gauntlet_png_destroy(png: *mut ());
}

/// Width and height, or libpng's own words: its jump has ended in C.
fn size_of_png(data: &[u8]) -> Result<(u32, u32), String> {
    let callbacks =
        Callbacks { user: null_mut(), read: null(), data: data.as_ptr(), data_size: data.len(), others: [null(); 8] };
    let (mut limits, mut header) = (Limits::default(), Header::default());
    // SAFETY: the data outlives the reader, which is destroyed below; failure is read before that.
    unsafe {
        gauntlet_png_limits_default(&mut limits);
        let png = gauntlet_png_create_reader(&callbacks, &limits);
        let answer = if gauntlet_png_read_info(png) == 0 && gauntlet_png_get_IHDR(png, &mut header) == 0 {
            Ok((header.width, header.height))
        } else {
            Err(CStr::from_ptr((*gauntlet_png_get_failure(png)).message.as_ptr()).to_string_lossy().into_owned())
        };
        gauntlet_png_destroy(png);
        answer
    }
}

#[repr(C)]
#[derive(Default)]
struct Entry {
    user_data: u64,
    flags: u8,
    ioprio: u16,
    buf_group: u16,
    personality: u16,
}

#[repr(C)]
#[derive(Default)]
struct Completion {
    user_data: u64,
    res: i32,
    flags: u32,
}

extern "C" {
    fn gauntlet_uring_create(out: *mut *mut (), entries: c_uint, params: *mut ()) -> c_int;
    fn gauntlet_uring_queue_nop(ring: *mut (), entry: Entry) -> c_int;
    fn gauntlet_uring_reap(ring: *mut (), into: *mut Completion, count: c_uint) -> c_uint;
    fn gauntlet_uring_destroy(ring: *mut ());
    fn io_uring_submit_and_wait(ring: *mut (), wait_nr: c_uint) -> c_int; // liburing's own
}

/// The user_data that came back; None where the kernel has no io_uring for us.
fn round_trip(user_data: u64) -> Option<u64> {
    let mut ring = null_mut();
    let mut completion = Completion::default();
    // SAFETY: the ring is there until it is destroyed; a nop is lent no memory.
    unsafe {
        if gauntlet_uring_create(&mut ring, 8, null_mut()) != 0 {
            return None;
        }
        assert_eq!(gauntlet_uring_queue_nop(ring, Entry { user_data, ..Entry::default() }), 0);
        assert_eq!(io_uring_submit_and_wait(ring, 1), 1);
        assert_eq!(gauntlet_uring_reap(ring, &mut completion, 1), 1);
        gauntlet_uring_destroy(ring);
    }
    Some(completion.user_data)
}

fn main() {
    let data = std::fs::read(std::env::args().nth(1).expect("a file")).expect("it can be read");
    let (width, height) = size_of_png(&data).expect("a PNG");
    println!("{width} x {height}");
    println!("{}", size_of_png(&data[..20]).expect_err("too short"));
    match round_trip(42) {
        Some(user_data) => println!("completed {user_data}"),
        None => std::process::exit(77),
    }
}
