//! Gives the shared library a soname when scripts/install.sh asks for one. Without it, as in the build folder, programs look for the
//! file name that they were linked with; cargo-c passes its own.

fn main() {
    println!("cargo::rerun-if-env-changed=ENCAST_SONAME");
    if let Ok(soname) = std::env::var("ENCAST_SONAME") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{soname}");
    }
}
