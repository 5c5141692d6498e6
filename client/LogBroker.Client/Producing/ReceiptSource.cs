using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace LogBroker.Client;

/// <summary>
/// What an awaited record waits on; pooled, so that waiting allocates nothing in the long run. It ends once: by the batch, or by the
/// caller's cancellation; one that was cancelled is left to the garbage collector, because its batch still refers to it.
/// </summary>
internal sealed class ReceiptSource : IValueTaskSource<ProduceReceipt>
{
    private const int PooledMax = 4096;
    private const int Pending = 0;
    private const int EndedByBatch = 1;
    private const int EndedByCaller = 2;

    private static readonly ConcurrentQueue<ReceiptSource> Pool = new();
    private static int _pooled;

    private ManualResetValueTaskSourceCore<ProduceReceipt> _core = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private int _state;

    public ValueTask<ProduceReceipt> Task => new(this, _core.Version);

    public static ReceiptSource Rent()
    {
        if (Pool.TryDequeue(out ReceiptSource? pooled))
        {
            Interlocked.Decrement(ref _pooled);
            return pooled;
        }

        return new ReceiptSource();
    }

    /// <summary>Lets the caller's token end the wait. Called once, before the task is handed out.</summary>
    public void ObserveCancellation(CancellationToken cancellation)
    {
        if (cancellation.CanBeCanceled)
        {
            _cancellation = cancellation;
            _registration = cancellation.UnsafeRegister(static source => ((ReceiptSource)source!).CancelByCaller(), this);
        }
    }

    public void Succeed(in ProduceReceipt receipt)
    {
        if (Interlocked.CompareExchange(ref _state, EndedByBatch, Pending) == Pending)
        {
            _core.SetResult(receipt);
        }
    }

    public void Fail(Exception error)
    {
        if (Interlocked.CompareExchange(ref _state, EndedByBatch, Pending) == Pending)
        {
            _core.SetException(error);
        }
    }

    /// <summary>Gives back one that no batch ever got.</summary>
    public void Abandon()
    {
        _registration.Dispose();
        if (Volatile.Read(ref _state) == Pending)
        {
            Return();
        }
    }

    ProduceReceipt IValueTaskSource<ProduceReceipt>.GetResult(short token)
    {
        bool mayReturn = _core.GetStatus(token) != ValueTaskSourceStatus.Pending && Volatile.Read(ref _state) == EndedByBatch;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            if (mayReturn)
            {
                // Waits for a cancellation that runs right now: it must not hit the next user.
                _registration.Dispose();
                Return();
            }
        }
    }

    ValueTaskSourceStatus IValueTaskSource<ProduceReceipt>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<ProduceReceipt>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void CancelByCaller()
    {
        if (Interlocked.CompareExchange(ref _state, EndedByCaller, Pending) == Pending)
        {
            _core.SetException(new OperationCanceledException(_cancellation));
        }
    }

    private void Return()
    {
        _core.Reset();
        _registration = default;
        _cancellation = default;
        Volatile.Write(ref _state, Pending);
        if (Interlocked.Increment(ref _pooled) <= PooledMax)
        {
            Pool.Enqueue(this);
        }
        else
        {
            Interlocked.Decrement(ref _pooled);
        }
    }
}
