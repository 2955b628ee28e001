internal import SocketIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// One way to feed bytes to the core. It returns, whatever they are: bytes are read or refused, never a trap, and
/// what a target says of them holds.
struct FuzzTarget: Sendable {
    let name: String
    let run: @Sendable ([UInt8]) -> Void

    init(_ name: String, _ run: @escaping @Sendable ([UInt8]) -> Void) {
        self.name = name
        self.run = run
    }

    static let all = codecs + frames + sessions
}

/// An invariant; like a trap, its end is the end of the process, which the fuzzer then looks into.
func hold(_ isTrue: Bool, _ what: @autoclosure () -> String) {
    if !isTrue { fatalError(what()) }
}

/// The command: `dante-fuzz TARGET …`, or no argument for the targets' names.
///
/// Built by `Tests/Fuzz/run` the rest are libFuzzer's own arguments; built as everything else is, they are files, and
/// the target is run once with each: to see again what a fuzzer found, and without its tools.
@main
struct Fuzz {
    nonisolated(unsafe) static var target = FuzzTarget.all[0]

    static func main() {
        guard CommandLine.arguments.count > 1 else {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        guard let chosen = FuzzTarget.all.first(where: { $0.name == CommandLine.arguments[1] }) else {
            print("dante-fuzz: no target is named \(CommandLine.arguments[1])")
            exit(64)
        }
        // Before anything else runs.
        target = chosen
        runRest()
    }

    #if Fuzzing
        private static func runRest() {
            var count = CommandLine.argc - 1
            var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
            let code = driver(&count, &arguments) { bytes, count in
                Fuzz.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
                return 0
            }
            exit(code)
        }
    #else
        private static func runRest() {
            for path in CommandLine.arguments.dropFirst(2) {
                guard let file = fopen(path, "rb") else {
                    print("dante-fuzz: cannot read \(path)")
                    exit(66)
                }
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 65_536)
                while case let count = fread(&piece, 1, piece.count, file), count > 0 {
                    bytes += piece[..<count]
                }
                fclose(file)
                target.run(bytes)
            }
        }
    #endif
}

#if Fuzzing
    /// libFuzzer as a library (compiler-rt, `FuzzerDriver.cpp`).
    @_silgen_name("LLVMFuzzerRunDriver")
    private func driver(
        _ count: UnsafeMutablePointer<CInt>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
        _ run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt
#endif
