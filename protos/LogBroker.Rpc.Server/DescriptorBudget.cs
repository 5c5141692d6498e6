using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Which of the file descriptors that the process may have (RLIMIT_NOFILE) its connections may take. The last ones are kept for
/// files, and for .NET itself, which needs some to make a thread and ends the process when there are none. The kernel hands out the
/// lowest free descriptor, so the number of a new one says how many are in use, by whomever. The limit is asked for each time: it may
/// be changed from outside. Thread-safe.
/// </summary>
public sealed partial class DescriptorBudget
{
    private const int ReserveMin = 64;
    private const int ReserveMax = 4096;
    private const int LimitOfFiles = 7;

    private readonly Func<long> _limit;
    private readonly int _divisor;

    internal DescriptorBudget(int divisor, Func<long>? limit = null)
    {
        _divisor = divisor;
        _limit = limit ?? AskLimit;
    }

    /// <summary>For connections of clients, of which there may be any number: an eighth, 64 to 4096, is kept free.</summary>
    public static DescriptorBudget Ordinary { get; } = new(1);

    /// <summary>For the few connections of peers and probes, which clients may not shut out: half of that is kept free.</summary>
    public static DescriptorBudget Preferred { get; } = new(2);

    /// <summary>How many descriptors the process may have now; <see cref="long.MaxValue"/> when nobody says.</summary>
    public long Limit => _limit();

    /// <summary>How many connections must leave free now.</summary>
    public long Reserve => ReserveOf(Limit);

    /// <summary>True when a new connection may keep its descriptor.</summary>
    internal bool Allows(SafeSocketHandle socket)
    {
        long limit = Limit;
        return socket.DangerousGetHandle() < limit - ReserveOf(limit);
    }

    private long ReserveOf(long limit) => Math.Min(limit / 2, Math.Clamp(limit / 8, ReserveMin, ReserveMax)) / _divisor;

    private static long AskLimit() =>
        OperatingSystem.IsLinux() && GetLimit(LimitOfFiles, out var limit) == 0 ? (long)Math.Min(limit.Soft, long.MaxValue) : long.MaxValue;

    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out ResourceLimit limit);
}
