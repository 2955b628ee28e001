internal import NIOCore

#if TLS
    internal import NIOSSL
#endif

/// TLS to Redis, where the build has it: whom to trust, read once.
///
/// The server's certificate must be for the host or address that is connected to, and of an authority that is
/// trusted. Nothing is said, the password least of all, before both are so.
struct RedisTLS {
    #if TLS
        private let context: NIOSSLContext
    #endif

    /// - Errors: ``RedisAddressError`` when the file of authorities cannot be used, or the build has no TLS.
    init(_ address: RedisAddress) throws(RedisAddressError) {
        #if TLS
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.minimumTLSVersion = .tlsv12
            if let path = address.authorities {
                let trusted = (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
                guard !trusted.isEmpty else {
                    throw RedisAddressError("no certificate (PEM) can be read from \(path)")
                }
                configuration.trustRoots = .certificates(trusted)
            }
            do {
                context = try NIOSSLContext(configuration: configuration)
            } catch {
                throw RedisAddressError("TLS cannot be prepared: \(error)")
            }
        #else
            throw RedisAddressError("rediss:// needs a build with the trait TLS; this one has none")
        #endif
    }

    /// Makes TLS the first thing on a new connection.
    func secure(_ channel: any Channel, host: String) throws {
        #if TLS
            // What is no name has no place in the client's greeting; a certificate is then compared with the address.
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            let handler = try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
            try channel.pipeline.syncOperations.addHandler(handler)
        #endif
    }

    /// Why a connection ended, in words that say what to do; nil where the system's own are as good.
    static func words(for error: any Error, host: String) -> String? {
        #if TLS
            if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
                return "its certificate is not one for \(host)"
            }
            guard error is NIOSSLError || error is BoringSSLError else { return nil }
            let text = "\(error)"
            let known = [
                (
                    "CERTIFICATE_VERIFY_FAILED",
                    "its certificate is of no authority that is trusted here, or has expired; --redis-ca names one"
                ),
                ("CERTIFICATE_REQUIRED", "it wants a certificate of ours: set its tls-auth-clients to no"),
            ]
            return known.first { text.contains($0.0) }?.1 ?? text
        #else
            return nil
        #endif
    }
}
