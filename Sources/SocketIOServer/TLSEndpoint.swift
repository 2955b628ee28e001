internal import NIOCore
internal import Synchronization

#if TLS
    internal import NIOSSL
#endif

/// The certificate that new connections are shown, and TLS before HTTP on each of them.
///
/// Any thread may replace the certificate; connections keep the one they were opened with.
final class TLSEndpoint: Sendable {
    private let files: ListenerSettings.TLS
    #if TLS
        private let context: Mutex<NIOSSLContext>
    #endif

    /// - Throws: ``CertificateError``, or ``MissingTrait`` in a build that has no TLS.
    init(_ files: ListenerSettings.TLS) throws {
        self.files = files
        #if TLS
            context = Mutex(try Self.load(files))
        #else
            throw MissingTrait(trait: "TLS")
        #endif
    }

    /// Reads the files again. When they cannot be used, everything stays as it is.
    ///
    /// - Throws: ``CertificateError``.
    func reload() throws(CertificateError) {
        #if TLS
            let new = try Self.load(files)
            context.withLock { $0 = new }
        #endif
    }

    /// Makes TLS the first thing on a new connection.
    func secure(_ channel: any Channel) throws {
        #if TLS
            let handler = NIOSSLServerHandler(context: context.withLock { $0 })
            try channel.pipeline.syncOperations.addHandler(handler)
        #endif
    }

    /// Ends a connection without a goodbye: as it is, TLS would wait for the peer's.
    static func closeAtOnce(_ channel: any Channel) {
        #if TLS
            let pipeline = channel.pipeline.syncOperations
            if let context = try? pipeline.context(handlerType: NIOSSLServerHandler.self) {
                return context.close(promise: nil)
            }
        #endif
        channel.close(promise: nil)
    }

    #if TLS
        private static func load(_ files: ListenerSettings.TLS) throws(CertificateError) -> NIOSSLContext {
            let chain: [NIOSSLCertificate]
            let key: NIOSSLPrivateKey
            do {
                chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            } catch {
                throw CertificateError("cannot read a certificate (PEM) from \(files.certificate)", error)
            }
            do {
                key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            } catch {
                throw CertificateError("cannot read a private key (PEM) from \(files.key)", error)
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            // RFC 8996 ends everything older; the ciphers are BoringSSL's own choice.
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            do {
                return try NIOSSLContext(configuration: configuration)
            } catch {
                throw CertificateError(
                    "the key in \(files.key) does not fit the certificate in \(files.certificate)", error)
            }
        }
    #endif
}

/// The certificate or its key cannot be used.
public struct CertificateError: Error, CustomStringConvertible {
    public let description: String

    #if TLS
        init(_ sentence: String, _ error: any Error) {
            let reason = (error as? IOError)?.description
            description = sentence + (reason.map { ": \($0)" } ?? "")
        }
    #endif
}
