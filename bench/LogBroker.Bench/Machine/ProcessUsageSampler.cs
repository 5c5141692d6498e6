using System.Diagnostics;
using LogBroker.Bench.Results;

namespace LogBroker.Bench.Machine;

/// <summary>Looks at processes through /proc on a thread of its own, from its creation until it is stopped.</summary>
public sealed class ProcessUsageSampler : IDisposable
{
    private readonly IReadOnlyList<int> _processIds;
    private readonly TimeSpan _interval;
    private readonly long _ticksPerSecond = NativeFile.ClockTicksPerSecond();
    private readonly ProcessUsage _usage = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Thread _thread;

    /// <param name="processIds">One that has ended, or ends meanwhile, is no error.</param>
    /// <param name="interval">100 to 200 ms is enough to see peaks and costs nothing to speak of.</param>
    public ProcessUsageSampler(IReadOnlyList<int> processIds, TimeSpan interval)
    {
        _processIds = processIds;
        _interval = interval;
        Look();
        _thread = new Thread(Run) { IsBackground = true, Name = "usage" };
        _thread.Start();
    }

    /// <summary>
    /// Takes a last look and adds up. Called once.
    /// </summary>
    /// <param name="bytesMoved">Bytes of values produced and consumed over the same span; null when nothing was.</param>
    public BrokerUsage Stop(long? bytesMoved)
    {
        Dispose();
        Look();
        double seconds = _clock.Elapsed.TotalSeconds;
        return new BrokerUsage
        {
            CpuSeconds = _usage.CpuSeconds,
            CpuSecondsPerGigabyte = bytesMoved > 0 ? _usage.CpuSeconds / (bytesMoved.Value / 1e9) : null,
            CpuPercent = _usage.CpuSeconds / seconds * 100,
            CpuPercentOfBusiest = _usage.CpuSecondsOfBusiest / seconds * 100,
            RssBytesPeak = _usage.RssBytesPeak,
            RssAnonBytesPeak = _usage.RssAnonBytesPeak,
            RssAnonBytesOverTime = _usage.RssAnonBytesOverTime,
            BytesWritten = _usage.BytesWritten,
            Seconds = seconds,
        };
    }

    /// <summary>Ends the thread; without a result.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
    }

    private void Run()
    {
        while (!_stop.Wait(_interval))
        {
            Look();
        }
    }

    private void Look()
    {
        double seconds = _clock.Elapsed.TotalSeconds;
        var samples = new Dictionary<int, ProcessSample>();
        foreach (int id in _processIds)
        {
            if (Read(id) is { } sample)
            {
                samples[id] = sample;
            }
        }

        _usage.Add(seconds, samples);
    }

    private ProcessSample? Read(int id)
    {
        try
        {
            string status = File.ReadAllText($"/proc/{id}/status");
            if (ProcFiles.StatusBytes(status, "VmRSS") is not { } rssBytes)
            {
                return null;
            }

            double cpuSeconds = (double)ProcFiles.CpuTicks(File.ReadAllText($"/proc/{id}/stat")) / _ticksPerSecond;
            return new ProcessSample(cpuSeconds, rssBytes, ProcFiles.StatusBytes(status, "RssAnon") ?? 0, BytesWritten(id));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static long? BytesWritten(int id)
    {
        try
        {
            return ProcFiles.IoBytes(File.ReadAllText($"/proc/{id}/io"), "write_bytes");
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
