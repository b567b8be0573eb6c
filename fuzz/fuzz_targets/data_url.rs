#![no_main]

secondpass_fuzz::target!("data_url");
