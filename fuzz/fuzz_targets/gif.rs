#![no_main]

secondpass_fuzz::target!("gif");
