// What threads do to each other: one, many, far apart, each its own way.

kernel void count(global uchar *counter_base, ulong counter_at)
{
    if (get_global_id(0) == 0)
        *(global int *)(counter_base + counter_at) += 1;
}

kernel void chase_global(global uchar *out_base, ulong out_at,
                         global uchar *order_base, ulong order_at, uint n, ulong steps)
{
    const global int *order = (const global int *)(order_base + order_at);
    if (get_global_id(0) != 0)
        return;
    int i = 0;
    for (ulong step = 0; step < steps; step++)
        i = order[i];
    *(global int *)(out_base + out_at) = i;
}

kernel void chase_local(global uchar *out_base, ulong out_at,
                        global uchar *order_base, ulong order_at, uint n, ulong steps,
                        local int *shared)
{
    const global int *order = (const global int *)(order_base + order_at);
    for (uint i = get_local_id(0); i < n; i += get_local_size(0))
        shared[i] = order[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    if (get_local_id(0) != 0)
        return;
    int i = 0;
    for (ulong step = 0; step < steps; step++)
        i = shared[i];
    *(global int *)(out_base + out_at) = i;
}

// Thread t takes p = (t * stride) % n + (t * stride) / n. As stride divides n, that is
// (t % rows) * stride + t / rows with rows = n / stride: a place in two dimensions, and no division.
kernel void coalesce(global uchar *dst_base, ulong dst_at, global uchar *src_base, ulong src_at,
                     uint rows, uint stride)
{
    const uint row = get_global_id(0), column = get_global_id(1);
    if (row >= rows)
        return;
    const ulong p = (ulong)row * stride + column;
    ((global float *)(dst_base + dst_at))[p] = ((const global float *)(src_base + src_at))[p];
}

// Each branch is a loop of its own over a constant of its own: compilers merge equal
// instructions at the end of branches, not loops. zero is 0, but only the host knows: the
// multiplication makes x the item's own, or one item's x could do for all.
#define BRANCH(w)                                                       \
    case w:                                                             \
        for (uint round = 0; round < rounds; round++)                   \
            x = x * 0.5f + (w + 1.0f);                                  \
        break;
#define FOUR(w) BRANCH(w) BRANCH(w + 1) BRANCH(w + 2) BRANCH(w + 3)

kernel void diverge(global uchar *out_base, ulong out_at, ulong n, uint ways, uint rounds,
                    float zero)
{
    const ulong t = get_global_id(0);
    if (t >= n)
        return;
    float x = zero * (float)get_local_id(0);
    switch (t % ways) {
        FOUR(0) FOUR(4) FOUR(8) FOUR(12) FOUR(16) FOUR(20) FOUR(24) FOUR(28)
    }
    ((global float *)(out_base + out_at))[t] = x;
}

// Four chains that start from four arguments: all are 0, but the compiler must not know, or it
// would compute one of them.
kernel void ramp(global uchar *out_base, ulong out_at, uint rounds,
                 float zero0, float zero1, float zero2, float zero3)
{
    const float own = (float)get_local_id(0);
    float x0 = zero0 * own, x1 = zero1 * own, x2 = zero2 * own, x3 = zero3 * own;
    for (uint round = 0; round < rounds; round++) {
        x0 = x0 * 0.5f + 1.0f;
        x1 = x1 * 0.5f + 1.0f;
        x2 = x2 * 0.5f + 1.0f;
        x3 = x3 * 0.5f + 1.0f;
    }
    ((global float *)(out_base + out_at))[get_global_id(0)] = x0 + x1 + x2 + x3;
}
