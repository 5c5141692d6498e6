namespace LogBroker.Cli;

/// <summary>
/// One line on stderr that says how far long work has come, drawn anew a few times a second, from the second second on. Only when a
/// person reads stderr; otherwise nothing is ever written. Thread-safe.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private const int BarColumns = 24;
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly CliHost _host;
    private readonly Func<(double? Share, string Text)> _state;
    private readonly ITimer _timer;
    private bool _isShown;
    private bool _isOver;

    private ProgressLine(CliHost host, Func<(double? Share, string Text)> state)
    {
        _host = host;
        _state = state;
        _timer = host.Time.CreateTimer(_ => Draw(), null, FirstAfter, Every);
    }

    /// <summary>Begins; null when nobody would see it.</summary>
    public static ProgressLine? Start(CommandContext context, Func<(double? Share, string Text)> state)
    {
        ProgressLine? line = context.IsQuiet || !context.Host.StderrIsTerminal || context.Host.Environment("TERM") == "dumb"
            ? null
            : new ProgressLine(context.Host, state);
        context.Progress = line;
        return line;
    }

    /// <summary>Takes the line away, until it is drawn again.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_isShown)
            {
                _host.Stderr.Write("\r\e[K");
                _isShown = false;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_lock)
        {
            _isOver = true;
        }

        Clear();
    }

    /// <summary>The line's text.</summary>
    internal static string Render(double? share, string text, int columns)
    {
        string bar = "";
        if (share is { } done)
        {
            int filled = (int)(Math.Clamp(done, 0, 1) * BarColumns);
            bar = $"[{new string('#', filled)}{new string('.', BarColumns - filled)}] {(int)(Math.Clamp(done, 0, 1) * 100),3}%  ";
        }

        string line = bar + text;
        return line.Length < columns ? line : line[..(columns - 1)];
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (!_isOver)
            {
                (double? share, string text) = _state();
                _host.Stderr.Write("\r" + Render(share, text, _host.TerminalColumns) + "\e[K");
                _isShown = true;
            }
        }
    }
}
