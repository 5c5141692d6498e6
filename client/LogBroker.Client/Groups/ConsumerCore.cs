using System.Runtime.ExceptionServices;

namespace LogBroker.Client;

/// <summary>
/// The parts of a consumer and their life: joined at the first ask, left when it is disposed of, when its caller asks for nothing for too
/// long, and when it is refused for good; the next ask then joins anew.
/// </summary>
internal sealed class ConsumerCore
{
    /// <summary>How long the goodbye may take when nobody answers.</summary>
    private static readonly TimeSpan GoodbyeMax = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan StallTime = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stop = new();
    private readonly RecordPump _pump;
    private readonly Lock _lock = new();
    private Membership? _membership;
    private CancellationTokenSource? _membershipStop;
    private Task _running = Task.CompletedTask;
    private Task _committing = Task.CompletedTask;
    private PollWatch? _watch;
    private Exception? _fault;
    private int _enumerating;
    private Task? _closing;

    public ConsumerCore(LogBrokerClient client, Consumer owner, ConsumerOptions options)
    {
        options.Validate();
        Owner = owner;
        Options = options;
        Calls = client.Calls;
        Metadata = client.Metadata;
        ReadOptions read = options.AutoOffsetReset == AutoOffsetReset.None ? options.Read with { FailOnTruncation = true } : options.Read;
        Fetcher = new Fetcher(Calls, Metadata, read);
        Holdings = new Holdings(Fetcher);
        Coordinator = new CoordinatorCalls(Calls, options.GroupId);
        Committer = new OffsetCommitter(this);
        Preparation = new Preparation(this);
        _pump = new RecordPump(this);
    }

    public Consumer Owner { get; }

    public ConsumerOptions Options { get; }

    public BrokerCalls Calls { get; }

    public MetadataCache Metadata { get; }

    public Fetcher Fetcher { get; }

    public Holdings Holdings { get; }

    public CoordinatorCalls Coordinator { get; }

    public OffsetCommitter Committer { get; }

    public Preparation Preparation { get; }

    public RecordPump Pump => _pump;

    /// <summary>Null until the first ask.</summary>
    public Membership? Membership => Volatile.Read(ref _membership);

    /// <summary>Fires when the consumer is disposed of.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>One enumeration begins.</summary>
    /// <exception cref="InvalidOperationException">Another one is not finished.</exception>
    public void Enter()
    {
        if (Interlocked.Exchange(ref _enumerating, 1) == 1)
        {
            throw new InvalidOperationException("a consumer is read by one enumeration at a time; dispose of the other one first");
        }
    }

    /// <summary>The enumeration ends; what it has in hand comes again.</summary>
    public void Exit()
    {
        if (!_stop.IsCancellationRequested)
        {
            _pump.Abandon();
        }

        Volatile.Write(ref _enumerating, 0);
    }

    /// <summary>The caller asks: what it has in hand is proven, and the membership runs.</summary>
    public void Asked()
    {
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, typeof(Consumer));
        Holdings.Prove();
        ThrowIfFaulted();
        Holdings.Restart();
        lock (_lock)
        {
            if (_membershipStop is null && _closing is null)
            {
                Start();
            }

            _watch?.Asked();
        }
    }

    /// <summary>The caller has what it asked for.</summary>
    public void Answered() => Volatile.Read(ref _watch)?.Answered();

    /// <summary>Tells the caller at its next ask, or now if it waits.</summary>
    public void Fail(Exception why, bool endsMembership)
    {
        if (endsMembership)
        {
            lock (_lock)
            {
                EndMembership();
            }
        }

        Interlocked.CompareExchange(ref _fault, why, null);
        Fetcher.Nudge();
    }

    /// <summary>True when the next ask throws.</summary>
    public bool IsFaulted => Volatile.Read(ref _fault) is not null;

    public void ThrowIfFaulted()
    {
        if (Volatile.Read(ref _fault) is not null && Interlocked.Exchange(ref _fault, null) is { } why)
        {
            ExceptionDispatchInfo.Throw(why);
        }
    }

    /// <summary>Reads what has stalled after a while, also when the caller only waits.</summary>
    public void RestartLater(LogBrokerException why)
    {
        LogEvents.PartitionStalled(Calls.Log, Options.GroupId, why.Message);
        _ = RestartAfterAsync();

        async Task RestartAfterAsync()
        {
            try
            {
                await Task.Delay(StallTime, Calls.Options.TimeProvider, _stop.Token).ConfigureAwait(false);
                Holdings.Restart();
            }
            catch (OperationCanceledException)
            {
                // Disposed of.
            }
        }
    }

    /// <summary>Commits what is proven and leaves; further calls wait for the first.</summary>
    public Task CloseAsync()
    {
        lock (_lock)
        {
            return _closing ??= CloseOnceAsync();
        }
    }

    private void Start()
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var membership = new Membership(this);
        _membershipStop = stop;
        Volatile.Write(ref _membership, membership);
        Volatile.Write(
            ref _watch,
            new PollWatch(Calls.Options.TimeProvider, Options.MaxPollInterval, () => _ = LeaveIdleAsync(membership)));
        _running = Task.Run(() => membership.RunAsync(stop.Token));
        if (Options.CommitMode == CommitMode.Auto)
        {
            _committing = Task.Run(() => Committer.RunAsync(stop.Token));
        }
    }

    private void EndMembership()
    {
        CancellationTokenSource? stop = _membershipStop;
        _membershipStop = null;
        _watch?.Dispose();
        _watch = null;
        _ = stop?.CancelAsync();
    }

    private async Task LeaveIdleAsync(Membership membership)
    {
        Task running;
        lock (_lock)
        {
            if (_membershipStop is null || _membership != membership || _closing is not null)
            {
                return;
            }

            running = _running;
        }

        LogEvents.PollIntervalExceeded(Calls.Log, Options.GroupId, Options.MaxPollInterval);

        // What the caller still has in hand goes to others with everything else; what was proven before is committed.
        await membership.Rebalancer.ReturnAllAsync(_stop.Token).ConfigureAwait(false);
        lock (_lock)
        {
            EndMembership();
        }

        await running.ConfigureAwait(false);
        await membership.LeaveAsync(GoodbyeMax).ConfigureAwait(false);
        Fail(new PollIntervalExceededException(Options.GroupId, Options.MaxPollInterval), endsMembership: false);
    }

    private async Task CloseOnceAsync()
    {
        await Task.Yield();
        Membership? membership = _membership;
        if (membership is not null)
        {
            using var limit = new CancellationTokenSource(GoodbyeMax, Calls.Options.TimeProvider);
            try
            {
                await membership.Rebalancer.ReturnAllAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Nobody took the commit in time.
            }
        }

        lock (_lock)
        {
            EndMembership();
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        await _committing.ConfigureAwait(false);
        if (membership is not null)
        {
            await membership.LeaveAsync(GoodbyeMax).ConfigureAwait(false);
        }

        if (Volatile.Read(ref _enumerating) == 0)
        {
            _pump.Close();
        }

        await Fetcher.DisposeAsync().ConfigureAwait(false);
    }
}
