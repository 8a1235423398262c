//! TLS over a TCP connection: rustls with ring. The negotiated parameters are recorded.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, StreamOwned};
use ureq::Error as UreqError;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use super::wire::WireLog;
use crate::exchange::{Phase, Tls, TransportError as Error, TransportErrorKind as ErrorKind};
use crate::file;

/// TLS options of the user.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// `--cacert`: trusts only the certificate authorities in this PEM file.
    pub ca_file: Option<PathBuf>,
    /// `--cert`: PEM file with the client's certificate chain.
    pub cert_file: Option<PathBuf>,
    /// `--key`: PEM file with the client's key; `None` reads it from the certificate file.
    pub key_file: Option<PathBuf>,
    /// `--insecure`: skips certificate verification.
    pub insecure: bool,
}

impl TlsOptions {
    /// Builds the TLS configuration. Returns an error if a file cannot be used.
    fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::unusable(format!("TLS cannot be set up: {error}")))?;
        let builder = match &self.ca_file {
            _ if self.insecure => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))),
            Some(path) => builder.with_root_certificates(read_roots(path)?),
            None => {
                let verifier =
                    rustls_platform_verifier::Verifier::new(provider).map_err(|error| {
                        Error::unusable(format!(
                            "this system has no trusted certificate authorities ({error}); \
                         name a PEM file with --cacert or in SSL_CERT_FILE"
                        ))
                    })?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let Some(cert_file) = &self.cert_file else {
            return Ok(builder.with_no_client_auth());
        };
        let key_file = self.key_file.as_ref().unwrap_or(cert_file);
        let chain = read_certificates(cert_file)?;
        let unreadable = |why: &dyn std::fmt::Display| {
            Error::unusable(format!("no private key in {}: {why}", key_file.display()))
        };
        let key = file::read(key_file, file::MAX_SECRET).map_err(|why| unreadable(&why))?;
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|why| unreadable(&why))?;
        builder.with_client_auth_cert(chain, key).map_err(|error| {
            Error::unusable(format!(
                "the key in {} does not belong to the certificate in {}: {error}",
                key_file.display(),
                cert_file.display()
            ))
        })
    }

    /// Builds the configuration in advance if files are named, so that errors in them appear
    /// before anything is sent. The system's authorities are loaded only when needed, because
    /// that takes time.
    pub(super) fn prepared(&self) -> Result<OnceLock<Arc<ClientConfig>>, Error> {
        if self.ca_file.is_none() && self.cert_file.is_none() {
            return Ok(OnceLock::new());
        }
        Ok(OnceLock::from(Arc::new(self.config()?)))
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::unusable(format!("no certificate can be read from {}: {error}", path.display()))
    };
    let bytes = file::read(path, file::MAX_SECRET).map_err(|error| unreadable(&error))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(&error))?;
    if certificates.is_empty() {
        return Err(unreadable(&"it holds none"));
    }
    Ok(certificates)
}

fn read_roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(read_certificates(path)?);
    if added == 0 {
        return Err(Error::unusable(format!("no usable certificate in {}", path.display())));
    }
    Ok(roots)
}

/// Connector that wraps connections to https URLs in TLS.
pub(super) struct TlsConnector {
    pub(super) options: TlsOptions,
    pub(super) log: WireLog,
    /// Created at the first https connection, unless files were named.
    pub(super) config: OnceLock<Arc<ClientConfig>>,
}

impl std::fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl TlsConnector {
    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.options.config()?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, UreqError> {
        let Some(plain) = chained else { return Ok(None) };
        if !details.needs_tls() || plain.is_tls() {
            return Ok(Some(Either::A(plain)));
        }
        self.log.enter(Phase::Tls);
        let config = self.config().map_err(|error| UreqError::Other(Box::new(error)))?;
        let host = details.uri.host().unwrap_or_default();
        // `ServerName` takes an IPv6 address without the brackets of a URL.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|error| {
            UreqError::Other(Box::new(Error {
                kind: ErrorKind::Unusable,
                phase: Phase::Tls,
                text: format!("the host cannot have a certificate: {error}"),
                may_have_run: false,
            }))
        })?;
        let mut connection = ClientConnection::new(config, name)
            .map_err(|error| UreqError::Io(std::io::Error::other(error)))?;
        let boxed: Box<dyn Transport> = Box::new(plain);
        let mut socket = TransportAdapter::new(boxed, Arc::clone(&details.current_time));
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        self.log.tls_done(agreed(&connection));
        let buffers = LazyBuffers::new(
            details.config.input_buffer_size(),
            details.config.output_buffer_size(),
        );
        let stream = StreamOwned { conn: connection, sock: socket };
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// Returns the negotiated parameters, as evidence.
fn agreed(connection: &ClientConnection) -> Tls {
    let certificate = connection
        .peer_certificates()
        .and_then(|chain| chain.first())
        .map(|certificate| certificate.to_vec())
        .unwrap_or_default();
    let der = CertificateDer::from(certificate.as_slice());
    let names = webpki::EndEntityCert::try_from(&der)
        .map(|parsed| parsed.valid_dns_names().map(str::to_owned).collect())
        .unwrap_or_default();
    let or_unknown = |known: Option<String>| known.unwrap_or_else(|| "unknown".to_owned());
    Tls {
        version: or_unknown(connection.protocol_version().map(|version| format!("{version:?}"))),
        cipher: or_unknown(
            connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())),
        ),
        fingerprint: crate::digest::sha256(&certificate),
        names,
        certificate,
    }
}

/// A connection inside TLS.
pub(super) struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), UreqError> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, UreqError> {
        self.stream.get_mut().set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// `--insecure`: accepts any certificate, but still checks handshake signatures.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
