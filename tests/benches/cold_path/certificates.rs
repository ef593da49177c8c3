//! A server certificate for this machine. It is signed as AWS signs its own: by an intermediate of a root, all with RSA keys of 2,048 bits.
//! So verifying it costs the same as at AWS.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{CipherSuite, ServerConfig};

const KEY_BITS: usize = 2_048;
/// Where Linux distributions keep the roots that a system trusts: Debian's and Amazon Linux's.
const SYSTEM_ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
/// Fewer are not what a system has.
const SYSTEM_ROOTS_MIN: usize = 100;

/// What the two sides need for TLS between them.
pub struct Certificates {
    pub server: Arc<ServerConfig>,
    /// The file of our root alone, in DER.
    pub root: PathBuf,
    /// The file of the system's roots and ours.
    pub bundle: PathBuf,
    pub bundled: usize,
}

/// Makes them, and writes the files into `directory`.
pub fn make(directory: &Path) -> Result<Certificates, String> {
    let (root_key, middle_key, leaf_key) = (key(), key(), key());
    let (root, middle) = (authority("Koban benchmark root"), authority("Koban benchmark intermediate"));
    let root_certificate = root.self_signed(&root_key).unwrap();
    let middle_certificate = middle.signed_by(&middle_key, &Issuer::from_params(&root, &root_key)).unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let leaf_certificate = leaf.signed_by(&leaf_key, &Issuer::from_params(&middle, &middle_key)).unwrap();

    let chain = vec![leaf_certificate.der().clone(), middle_certificate.der().clone()];
    let mut provider = default_provider();
    // As s2n-tls, AWS's own library, prefers it.
    provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
    let server = ServerConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions().unwrap();
    let mut server =
        server.with_no_client_auth().with_single_cert(chain, PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into())).unwrap();
    server.ignore_client_order = true;

    let (root_path, bundle_path) = (directory.join("root.der"), directory.join("bundle.pem"));
    let bundle = system_roots()? + "\n" + &root_certificate.pem();
    std::fs::write(&root_path, root_certificate.der()).unwrap();
    std::fs::write(&bundle_path, &bundle).unwrap();
    Ok(Certificates { server: Arc::new(server), root: root_path, bundle: bundle_path, bundled: count(&bundle) })
}

fn key() -> KeyPair {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, KEY_BITS).unwrap();
    KeyPair::from_pkcs8_pem_and_sign_algo(&key.to_pkcs8_pem(LineEnding::LF).unwrap(), &PKCS_RSA_SHA256).unwrap()
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn system_roots() -> Result<String, String> {
    let text = SYSTEM_ROOTS.iter().find_map(|path| std::fs::read_to_string(path).ok());
    let text = text.ok_or("the system's roots are missing: apt-get install ca-certificates")?;
    match count(&text) {
        SYSTEM_ROOTS_MIN.. => Ok(text),
        few => Err(format!("the system trusts {few} roots only, a usual one {SYSTEM_ROOTS_MIN} or more: see ca-certificates")),
    }
}

fn count(bundle: &str) -> usize {
    bundle.matches("-----BEGIN CERTIFICATE-----").count()
}
