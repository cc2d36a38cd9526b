#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fetool_fuzz::open_parallel_encryptor(input));
