//! What is told of an answer that is not the upstream's, or not whole.

/// The proxy error types of RFC 9209 §2.3, and one of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyError {
    /// The upstream's name has no address.
    Dns,
    /// No name server has said anything in time.
    DnsTimeout,
    ConnectionRefused,
    ConnectionTimeout,
    /// Nothing came on an open connection for too long.
    ConnectionReadTimeout,
    ConnectionTerminated,
    ConnectionLimitReached,
    DestinationIpUnroutable,
    DestinationNotFound,
    DestinationUnavailable,
    HttpProtocol,
    HttpRequest,
    HttpResponseIncomplete,
    HttpResponseTimeout,
    ProxyInternal,
    ProxyLoopDetected,
    TlsProtocol,
    /// The caller left; the registry has no word for it.
    ClientClosed,
}

impl ProxyError {
    pub(crate) const ALL: [Self; 18] = [
        Self::Dns,
        Self::DnsTimeout,
        Self::ConnectionRefused,
        Self::ConnectionTimeout,
        Self::ConnectionReadTimeout,
        Self::ConnectionTerminated,
        Self::ConnectionLimitReached,
        Self::DestinationIpUnroutable,
        Self::DestinationNotFound,
        Self::DestinationUnavailable,
        Self::HttpProtocol,
        Self::HttpRequest,
        Self::HttpResponseIncomplete,
        Self::HttpResponseTimeout,
        Self::ProxyInternal,
        Self::ProxyLoopDetected,
        Self::TlsProtocol,
        Self::ClientClosed,
    ];

    /// As `proxy-status` and the log have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns_error",
            Self::DnsTimeout => "dns_timeout",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionTimeout => "connection_timeout",
            Self::ConnectionReadTimeout => "connection_read_timeout",
            Self::ConnectionTerminated => "connection_terminated",
            Self::ConnectionLimitReached => "connection_limit_reached",
            Self::DestinationIpUnroutable => "destination_ip_unroutable",
            Self::DestinationNotFound => "destination_not_found",
            Self::DestinationUnavailable => "destination_unavailable",
            Self::HttpProtocol => "http_protocol_error",
            Self::HttpRequest => "http_request_error",
            Self::HttpResponseIncomplete => "http_response_incomplete",
            Self::HttpResponseTimeout => "http_response_timeout",
            Self::ProxyInternal => "proxy_internal_error",
            Self::ProxyLoopDetected => "proxy_loop_detected",
            Self::TlsProtocol => "tls_protocol_error",
            Self::ClientClosed => "client_closed",
        }
    }
}
