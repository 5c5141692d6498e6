using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace LogBroker.TestKit;

/// <summary>
/// What happened, one line per step: as a hash always, as text when somebody reads it. Two runs of one seed have the same hash. One
/// thread.
/// </summary>
internal sealed class SimTrace(SimScheduler scheduler, Action<string>? writer, int keptLines = 0)
{
    private readonly Queue<string> _kept = new();

    public ulong Hash { get; private set; } = 14695981039346656037;

    public long Lines { get; private set; }

    /// <summary>True when lines are wanted as text.</summary>
    public bool IsText => writer is not null || keptLines > 0;

    /// <summary>The newest lines.</summary>
    public IEnumerable<string> Kept => _kept;

    /// <summary>
    /// Notes a step: what happened where, with up to three numbers and a text that say more. Details are for people only, and are not
    /// part of the hash.
    /// </summary>
    public void Note(string what, int node, long a = 0, long b = 0, long c = 0, string text = "", string details = "")
    {
        Lines++;
        Mix((ulong)scheduler.NowTicks);
        foreach (char letter in what)
        {
            Mix(letter);
        }

        Mix((ulong)node);
        Mix((ulong)a);
        Mix((ulong)b);
        Mix((ulong)c);
        foreach (char letter in text)
        {
            Mix(letter);
        }

        if (IsText)
        {
            Write(what, node, a, b, c, details.Length > 0 ? details : text);
        }
    }

    /// <summary>Says something to people that is no step.</summary>
    public void Say(string what, int node, string details)
    {
        if (IsText)
        {
            Write(what, node, 0, 0, 0, details);
        }
    }

    private void Write(string what, int node, long a, long b, long c, string text)
    {
        var line = new StringBuilder();
        line.Append(CultureInfo.InvariantCulture, $"{scheduler.NowTicks / 10_000.0,12:0.0000} ");
        line.Append(CultureInfo.InvariantCulture, $"{(node == 0 ? "-" : node.ToString(CultureInfo.InvariantCulture)),2} {what}");
        if (a != 0 || b != 0 || c != 0)
        {
            line.Append(CultureInfo.InvariantCulture, $" {a} {b} {c}");
        }

        if (text.Length > 0)
        {
            line.Append(' ').Append(text);
        }

        string written = line.ToString();
        writer?.Invoke(written);
        if (keptLines > 0)
        {
            if (_kept.Count == keptLines)
            {
                _kept.Dequeue();
            }

            _kept.Enqueue(written);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mix(ulong value)
    {
        Hash = (Hash ^ value) * 0x9E3779B97F4A7C15;
        Hash ^= Hash >> 29;
    }
}
