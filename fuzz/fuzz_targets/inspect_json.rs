#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| fetool_fuzz::inspect_json(input));
