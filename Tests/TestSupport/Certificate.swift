import Foundation

/// A certificate for one name or address of this machine, its own authority, made by openssl for the length of a test.
package final class Certificate: Sendable {
    private let folder: URL
    /// Files in PEM form.
    package var path: String { folder.appending(path: "certificate.pem").path }
    package var key: String { folder.appending(path: "key.pem").path }

    /// - Parameter name: as it stands in `subjectAltName`: `IP:127.0.0.1`, `DNS:localhost`.
    package init(for name: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
            + ["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=\(name)"]
            + ["-out", path, "-keyout", key]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CertificateNotMade() }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private struct CertificateNotMade: Error {}
}
