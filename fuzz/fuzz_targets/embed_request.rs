#![no_main]

secondpass_fuzz::target!("embed_request");
