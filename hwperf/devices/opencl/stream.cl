// The kernels of STREAM, and a dot product.
//
// Given by the build: T, the elements; V of them make a vector TV; ITEMS, the items of a group.
//
// Item t starts at the vector t * own, and takes every step-th of the next span ones. So
// neighbouring items take neighbouring vectors (own = 1, step = all items), as a GPU wants it, or
// each item walks through a stretch of its own (step = 1, span = own), as a CPU does.

// b + scalar * c is rounded twice, as on the host; memory is what limits it.
#pragma OPENCL FP_CONTRACT OFF

#define WALK                                                            \
    const ulong vectors = n / V;                                        \
    const ulong first = get_global_id(0) * own;                         \
    const ulong end = min(first + span, vectors);                       \
    for (ulong i = first; i < end; i += step)

// What no vector holds is left to the first item.
#define REST                                                            \
    if (get_global_id(0) == 0)                                          \
        for (ulong i = vectors * V; i < n; i++)

#define ELEMENTS(x) ((global T *)(x##_base + x##_at))
#define VECTORS(x) ((global TV *)(x##_base + x##_at))

kernel void copy(global uchar *c_base, ulong c_at, global uchar *a_base, ulong a_at,
                 ulong n, ulong own, ulong step, ulong span)
{
    WALK VECTORS(c)[i] = VECTORS(a)[i];
    REST ELEMENTS(c)[i] = ELEMENTS(a)[i];
}

kernel void scale(global uchar *b_base, ulong b_at, global uchar *c_base, ulong c_at,
                  ulong n, ulong own, ulong step, ulong span, T scalar)
{
    WALK VECTORS(b)[i] = scalar * VECTORS(c)[i];
    REST ELEMENTS(b)[i] = scalar * ELEMENTS(c)[i];
}

kernel void add(global uchar *c_base, ulong c_at, global uchar *a_base, ulong a_at,
                global uchar *b_base, ulong b_at,
                ulong n, ulong own, ulong step, ulong span)
{
    WALK VECTORS(c)[i] = VECTORS(a)[i] + VECTORS(b)[i];
    REST ELEMENTS(c)[i] = ELEMENTS(a)[i] + ELEMENTS(b)[i];
}

kernel void triad(global uchar *a_base, ulong a_at, global uchar *b_base, ulong b_at,
                  global uchar *c_base, ulong c_at,
                  ulong n, ulong own, ulong step, ulong span, T scalar)
{
    WALK VECTORS(a)[i] = VECTORS(b)[i] + scalar * VECTORS(c)[i];
    REST ELEMENTS(a)[i] = ELEMENTS(b)[i] + scalar * ELEMENTS(c)[i];
}

// Adds up what the items of a group hold; the first one gets the sum.
#define ADD_UP(sums)                                                    \
    barrier(CLK_LOCAL_MEM_FENCE);                                       \
    for (uint apart = ITEMS / 2; apart > 0; apart /= 2) {                  \
        if (get_local_id(0) < apart)                                     \
            sums[get_local_id(0)] += sums[get_local_id(0) + apart];      \
        barrier(CLK_LOCAL_MEM_FENCE);                                   \
    }

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void dot_parts(global T *parts, global uchar *a_base, ulong a_at, global uchar *b_base, ulong b_at,
               ulong n, ulong own, ulong step, ulong span)
{
    union { TV vector; T each[V]; } here;
    local T sums[ITEMS];
    here.vector = (TV)(0);
    WALK here.vector += VECTORS(a)[i] * VECTORS(b)[i];
    T sum = 0;
    for (uint v = 0; v < V; v++)
        sum += here.each[v];
    REST sum += ELEMENTS(a)[i] * ELEMENTS(b)[i];
    sums[get_local_id(0)] = sum;
    ADD_UP(sums)
    if (get_local_id(0) == 0)
        parts[get_group_id(0)] = sums[0];
}

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void dot_end(global uchar *out_base, ulong out_at, global const T *parts, uint n_parts)
{
    local T sums[ITEMS];
    T sum = 0;
    for (uint i = get_local_id(0); i < n_parts; i += ITEMS)
        sum += parts[i];
    sums[get_local_id(0)] = sum;
    ADD_UP(sums)
    if (get_local_id(0) == 0)
        *ELEMENTS(out) = sums[0];
}
