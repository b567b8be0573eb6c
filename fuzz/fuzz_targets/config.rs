#![no_main]

secondpass_fuzz::target!("config");
