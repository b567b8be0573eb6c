#![no_main]

secondpass_fuzz::target!("text");
